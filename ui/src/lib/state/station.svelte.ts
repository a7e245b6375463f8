import * as commands from '../api/commands';
import { Fault, backend } from '../api/backend';
import type { Bench, OutboxState } from '../api/shapes';
import { session } from './session.svelte';

/** So long after a change the station is asked what it is like now, once for all that came meanwhile. */
const SOON_MS = 150;

/** What the rail and the bench show of the station; asked anew whenever it says that something changed. */
class StationState {
  bench = $state.raw<Bench | null>(null);
  fault = $state.raw<Fault | null>(null);
  outbox = $state.raw<OutboxState | null>(null);
  #asking = false;
  #again = false;
  #soon: ReturnType<typeof setTimeout> | undefined;

  listen(): void {
    // Keys in a row change something each time; the rail and the bench follow when the first of them has been painted.
    backend().on('changed', () => {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined;
        void this.refresh();
      }, SOON_MS);
    });
  }

  /** One question at a time: a burst of events asks once more at its end, never once each. */
  async refresh(): Promise<void> {
    if (!session.person) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    try {
      const [bench, outbox] = await Promise.allSettled([commands.bench(), commands.outboxState()]);
      // The rail keeps what it knew; the bench itself says why there is nothing to show.
      if (bench.status === 'fulfilled') this.bench = bench.value;
      this.fault = bench.status === 'rejected' ? Fault.of(bench.reason) : null;
      if (outbox.status === 'fulfilled') this.outbox = outbox.value;
    } finally {
      this.#asking = false;
    }
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }

  forget(): void {
    this.bench = null;
    this.outbox = null;
  }
}

export const station = new StationState();
