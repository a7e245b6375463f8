import { untrack } from 'svelte';
import { station } from './station.svelte';

/** Does something again whenever headquarters were heard, because they may have sent what the screen shows. */
export function whenHeard(again: () => void): void {
  let before = untrack(() => station.sync?.last_success_ms ?? null);
  $effect(() => {
    const now = station.sync?.last_success_ms ?? null;
    if (now !== before && before !== null) untrack(again);
    before = now;
  });
}
