import * as commands from '../api/commands';
import { Fault, backend } from '../api/backend';
import type { Bench, SyncState } from '../api/shapes';
import { router } from './router.svelte';
import { session } from './session.svelte';

/** A plate that was read is shown at once on the bench, but the station is not asked sooner again than after so long. */
const PLATE_MS = 150;
/** So long after any other change the station is asked what it is like now, once for all that came meanwhile. */
const SOON_MS = { bench: 150, elsewhere: 1000 };
/** Away from the bench it waits for a hand that rests so long, but no longer than the second figure. */
const HAND_RESTS_MS = 300;
const LONGEST_MS = 3000;
/** What waits grows old by itself, and a network comes and goes without a word of the station's. */
const SYNC_EVERY_MS = 10_000;

/** What the rail and the bench show of the station; asked anew whenever it says that something changed. */
class StationState {
  bench = $state.raw<Bench | null>(null);
  fault = $state.raw<Fault | null>(null);
  sync = $state.raw<SyncState | null>(null);
  syncFault = $state.raw<Fault | null>(null);
  #asking = false;
  #again = false;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  #plateAsked = -Infinity;
  #syncNow: Promise<void> | null = null;
  #syncNext: Promise<void> | null = null;

  listen(): void {
    setInterval(() => void (document.hidden || this.refreshSync()), SYNC_EVERY_MS);
    backend().on('changed', ({ what }) => {
      if (what === 'sync') return void this.refreshSync();
      const now = performance.now();
      if (router.route.screen !== 'bench') this.#askAt(now + SOON_MS.elsewhere);
      else if (what !== 'run') this.#askAt(now + SOON_MS.bench);
      else this.#askAt(Math.max(now, this.#plateAsked + PLATE_MS), true);
    });
  }

  /** Asks at a time, or sooner if that was meant already. */
  #askAt(at: number, plate = false): void {
    if (at >= this.#due) return;
    clearTimeout(this.#soon);
    this.#due = at;
    const ask = () => {
      const now = performance.now();
      const busy = now - session.touchedAt < HAND_RESTS_MS && now - at < LONGEST_MS;
      if (busy && router.route.screen !== 'bench') {
        this.#soon = setTimeout(ask, HAND_RESTS_MS);
        return;
      }
      this.#due = Infinity;
      if (plate) this.#plateAsked = performance.now();
      void this.refresh();
    };
    this.#soon = setTimeout(ask, at - performance.now());
  }

  /** One question at a time: a burst of events asks once more at its end, never once each. */
  async refresh(): Promise<void> {
    if (!session.person) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    const bench = commands.bench().then(
      (found) => {
        // Locked meanwhile: nothing of it is kept.
        if (!session.person) return;
        this.bench = found;
        this.fault = null;
      },
      // The rail keeps what it knew; the bench itself says why there is nothing to show.
      (thrown: unknown) => (this.fault = Fault.of(thrown)),
    );
    await Promise.allSettled([bench, this.refreshSync()]);
    this.#asking = false;
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }

  /** How the way to headquarters is; of many that ask at once each gets an answer that is newer than its question. */
  async refreshSync(): Promise<void> {
    this.#syncNext ??= (this.#syncNow ?? Promise.resolve()).then(() => {
      this.#syncNow = this.#askSync();
      this.#syncNext = null;
      return this.#syncNow;
    });
    await this.#syncNext;
  }

  async #askSync(): Promise<void> {
    if (!session.person) return;
    try {
      const found = await commands.syncState();
      if (!session.person) return;
      this.sync = found;
      this.syncFault = null;
    } catch (thrown) {
      this.syncFault = Fault.of(thrown);
    }
  }

  forget(): void {
    this.bench = null;
    this.sync = null;
    this.syncFault = null;
  }
}

export const station = new StationState();
