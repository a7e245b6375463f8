import type { ChangedEvent, FaultShape, TaskEvent } from './shapes';

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
  /** Sends bytes as they are, not as JSON; what else there is to say goes into headers. */
  send(name: string, bytes: Uint8Array, headers: Record<string, string>): Promise<unknown>;
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
export const ask = <T>(name: string, args: Record<string, unknown> = {}): Promise<T> =>
  answered<T>(() => backend().call(name, args));

/** Sends bytes to the station, and rejects like [`ask`]. */
export const send = <T>(name: string, bytes: Uint8Array, headers: Record<string, string>): Promise<T> =>
  answered<T>(() => backend().send(name, bytes, headers));

async function answered<T>(question: () => Promise<unknown>): Promise<T> {
  try {
    return (await question()) as T;
  } catch (thrown) {
    const fault = Fault.of(thrown);
    if (fault.code === 'locked') lockedOut();
    throw fault;
  }
}
