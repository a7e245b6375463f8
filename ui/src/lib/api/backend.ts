import type { ChangedEvent, FaultShape, TaskEvent } from './provisional';

/** What reaches the window without being asked for. */
export interface Events {
  changed: ChangedEvent;
  task: TaskEvent;
  /** A link from outside that names a run. */
  open: { run_id: string };
}

/** Whoever answers the window: the station through Tauri, or a scripted one for tests and pictures. */
export interface Backend {
  call(name: string, args: Record<string, unknown>): Promise<unknown>;
  on<K extends keyof Events>(event: K, handler: (payload: Events[K]) => void): () => void;
  image(sha256: string): string;
}

/** Why a command was refused: a closed code, and English words that say what to do. */
export class Fault extends Error {
  readonly code: string;

  constructor(shape: FaultShape) {
    super(shape.message);
    this.code = shape.code;
  }

  /** Whatever was thrown, as a fault; what nobody foresaw is `unknown` and keeps its words. */
  static of(thrown: unknown): Fault {
    if (thrown instanceof Fault) return thrown;
    if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
      return new Fault({ code: String(thrown.code), message: String(thrown.message) });
    }
    return new Fault({ code: 'unknown', message: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

let current: Backend | undefined;

export function useBackend(backend: Backend): void {
  current = backend;
}

export function backend(): Backend {
  if (!current) throw new Error('no backend was set before the window asked for one');
  return current;
}

let lockedOut: () => void = () => undefined;

/** What happens when the station says that nobody is signed in. */
export function whenLocked(handler: () => void): void {
  lockedOut = handler;
}

/** Asks the station, and rejects with a [`Fault`] and nothing else. */
export async function ask<T>(name: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return (await backend().call(name, args)) as T;
  } catch (thrown) {
    const fault = Fault.of(thrown);
    if (fault.code === 'locked') lockedOut();
    throw fault;
  }
}
