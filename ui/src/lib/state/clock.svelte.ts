import { createSubscriber } from 'svelte/reactivity';

/** Ages are told in minutes, so this is often enough, and seldom enough to be calm. */
const TICK_MS = 10_000;

const follow = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** What the clock shows; whatever was made of it is made anew as time goes on, while it is shown. */
export function nowMs(): number {
  follow();
  return Date.now();
}
