import * as commands from '../api/commands';
import { Fault, backend } from '../api/backend';
import type { TaskEvent } from '../api/provisional';

/** Long work of the station: what runs, how far it is, and who waits for its end. */
class Tasks {
  running = $state<TaskEvent[]>([]);
  #waiting = new Map<string, (event: TaskEvent) => void>();
  /** Ends that came before anybody could wait for them. */
  #early = new Map<string, TaskEvent>();

  listen(): void {
    backend().on('task', (event) => this.#heard(event));
  }

  /** The result of a task, or its fault. */
  async end<T>(id: string): Promise<T> {
    const early = this.#early.get(id);
    this.#early.delete(id);
    const { ended } = early ?? (await new Promise<TaskEvent>((resolve) => this.#waiting.set(id, resolve)));
    if (ended && 'fault' in ended) throw new Fault(ended.fault);
    return (ended ? ended.ok : null) as T;
  }

  cancel(id: string): void {
    commands.cancel(id).catch(() => undefined); // It has ended meanwhile.
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
