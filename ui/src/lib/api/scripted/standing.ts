// How the scripted station is: at its start, and at the bench.
import type * as T from '../shapes';
import { shippedAssays } from './assays';
import { HEALTH, NOW_MS } from './runs';
import { partOf } from './sync';

export type Scene = 'ready' | 'first-start' | 'signed-out' | 'broken';

export function startOf(scene: Scene, person: T.Person | null, link: string | null): T.StartState {
  return {
    kind: scene === 'first-start' ? 'first-start' : scene === 'broken' ? 'broken' : 'ready',
    station: scene === 'first-start' ? '' : 'Bench 1',
    fault:
      scene === 'broken'
        ? { code: 'key', message: 'the keyring of this account does not hold the key of this database' }
        : null,
    person,
    version: '0.1.0',
    data_folder: 'C:\\ProgramData\\Wellread',
    can_keyring: true,
    encrypted: scene !== 'first-start',
    assays: shippedAssays().map(({ id, name }) => ({ id, name })),
    suggested_inbox: 'C:\\Users\\bench\\Pictures\\Plates',
    suggested_deliver: 'C:\\Users\\bench\\Documents\\Results',
    open: person ? link : null,
    idle_lock_min: 15,
  };
}

/** What a bench shows of its station. */
export interface Shown {
  recent: T.RunLine[];
  latest: T.RunDetail | null;
  counts: T.Bench['runs'];
  next: T.Identity[];
  sync: T.SyncState;
  offline: boolean;
  simulated: boolean;
}

export function benchOf({ recent, latest, counts, next, sync: way, offline, simulated }: Shown): T.Bench {
  const counted = (name: T.Disposition) => counts.find(([known]) => known === name)?.[1] ?? 0;
  const attention: T.Attention[] = [];
  const message = 'D:\\camera: the network path was not found';
  if (offline) attention.push({ kind: 'part', part: 'inbox', status: 'unhealthy', message });
  const sync = partOf(way);
  if (sync.status !== 'healthy') attention.push({ kind: 'part', part: 'sync', ...sync });
  const [doubtful, waits] = [counted('to-review'), counted('waiting-sample')];
  if (waits > 0) attention.push({ kind: 'waiting-sample', runs: waits });
  if (doubtful > 0) attention.push({ kind: 'to-review', runs: doubtful });
  return {
    inbox: 'D:\\camera',
    inbox_online: !offline,
    parts: [
      ...HEALTH.map((part): T.Health =>
        offline && part.service === 'inbox' ? { ...part, status: 'unhealthy', message } : part,
      ),
      { service: 'sync', ...sync, at_ms: NOW_MS },
    ],
    runs: counts,
    service: 'running',
    service_message: null,
    queue: { waiting: 3, working: 1 },
    latest,
    recent,
    next_plates: next,
    attention,
    simulated,
  };
}
