import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import * as commands from '../api/commands';
import { Fault, backend } from '../api/backend';
import type { TaskEvent } from '../api/shapes';

/**
 * Long work of the station: what runs, how far it is, and what came of it. Whoever began it may leave the screen: the
 * work goes on, and its result is there when they come back.
 */
class Tasks {
  running = $state.raw<TaskEvent[]>([]);
  #busy = new SvelteSet<string>();
  #results = new SvelteMap<string, unknown>();
  #waiting = new Map<string, (event: TaskEvent) => void>();
  /** Ends that came before anybody could wait for them. */
  #early = new Map<string, TaskEvent>();
  #stopped = new Set<string>();

  listen(): void {
    backend().on('task', (event) => this.#heard(event));
  }

  /** Begins work, waits for its end and keeps its result under a key of the caller's. */
  async run<T>(key: string, begin: () => Promise<string>): Promise<T> {
    this.#busy.add(key);
    try {
      const result = await this.#end<T>(await begin());
      this.#results.set(key, result);
      return result;
    } finally {
      this.#busy.delete(key);
    }
  }

  busy(key: string): boolean {
    return this.#busy.has(key);
  }

  /** What came of the last work under this key. */
  result<T>(key: string): T | null {
    return (this.#results.get(key) ?? null) as T | null;
  }

  cancel(id: string): void {
    this.#stopped.add(id);
    commands.cancel(id).catch(() => undefined); // It has ended meanwhile.
  }

  /** What was found in one person's name is not shown to the next. */
  forget(): void {
    this.#results.clear();
  }

  async #end<T>(id: string): Promise<T> {
    const early = this.#early.get(id);
    this.#early.delete(id);
    const { ended } = early ?? (await new Promise<TaskEvent>((resolve) => this.#waiting.set(id, resolve)));
    const stopped = this.#stopped.delete(id);
    if (ended && 'fault' in ended) {
      throw stopped ? new Fault({ code: 'cancelled', message: '' }) : new Fault(ended.fault);
    }
    return (ended ? ended.ok : null) as T;
  }

  #heard(event: TaskEvent): void {
    const others = this.running.filter((known) => known.id !== event.id);
    this.running = event.ended ? others : [...others, event];
    if (!event.ended) return;
    const waiting = this.#waiting.get(event.id);
    this.#waiting.delete(event.id);
    if (waiting) waiting(event);
    else this.#early.set(event.id, event);
  }
}

export const tasks = new Tasks();
