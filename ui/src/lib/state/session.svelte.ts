import * as commands from '../api/commands';
import { backend, whenLocked } from '../api/backend';
import { router } from './router.svelte';
import type { Permission, Person, StartState } from '../api/shapes';

/** How often the station is told that somebody is at the keyboard. */
const TOUCH_EVERY_MS = 20_000;

/** Who sits at the window, and what the station said at its start. */
class Session {
  start = $state.raw<StartState | null>(null);
  person = $state.raw<Person | null>(null);
  #lastTouch = 0;
  /** When somebody last pressed or moved something. */
  touchedAt = -Infinity;
  #idle: ReturnType<typeof setTimeout> | undefined;

  begin(start: StartState): void {
    this.start = start;
    this.person = start.person;
    if (start.open && start.person) this.follow(start.open);
    this.#wait();
  }

  listen(): void {
    whenLocked(() => (this.person = null));
    // The station decides who is signed in: it may have locked by itself.
    backend().on('changed', async ({ what }) => {
      if (what !== 'session') return;
      try {
        this.begin(await commands.startState());
      } catch {
        this.person = null; // Where the station does not say who is signed in, nobody is.
      }
    });
    for (const sign of ['pointerdown', 'keydown', 'wheel'] as const) {
      addEventListener(sign, () => this.touched(), { passive: true, capture: true });
    }
  }

  /** Goes to the run that a link from outside named. */
  follow(run: string): void {
    if (!this.person) return; // The station tells it again after the sign-in.
    router.go('review', run);
    commands.linkFollowed().catch(() => undefined); // Then it is told once more, and leads to the same place.
  }

  may(permission: Permission): boolean {
    return this.person?.permissions.includes(permission) ?? false;
  }

  async signIn(username: string, password: string): Promise<void> {
    this.person = await commands.signIn(username, password);
    this.#wait();
    // A link that came while the window was locked is told to who signs in.
    const { open } = await commands.startState();
    if (open) this.follow(open);
  }

  async lock(): Promise<void> {
    // What is on the screen goes first: a slow station must not leave it in sight.
    this.person = null;
    await commands.lock();
  }

  touched(): void {
    if (!this.person) return;
    this.#wait();
    const now = performance.now();
    this.touchedAt = now;
    if (now - this.#lastTouch < TOUCH_EVERY_MS) return;
    this.#lastTouch = now;
    commands.touch().catch(() => undefined); // A missed touch locks early, and that is safe.
  }

  #wait(): void {
    clearTimeout(this.#idle);
    const minutes = this.start?.idle_lock_min ?? 0;
    if (this.person && minutes > 0) this.#idle = setTimeout(() => void this.lock(), minutes * 60_000);
  }
}

export const session = new Session();
