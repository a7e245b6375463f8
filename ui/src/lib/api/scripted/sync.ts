// How the way to headquarters is in a script. Ages are told against the clock of the window, so they begin there too.
import { Fault } from '../backend';
import type { Health, SyncState } from '../shapes';
import { idOf } from './runs';
import type { Handlers, Need } from './station';

export type SyncScene = SyncState['state'] | 'rejected';

export const HUB = {
  hub_url: 'https://hub.vetlab.example',
  hub_name: 'Central hub',
  org_name: 'Veterinary Laboratories',
  enrolled_ms: Date.UTC(2026, 8, 1, 2, 15),
};

const MINUTE_MS = 60_000;

export function syncOf(scene: SyncScene): SyncState {
  const now = Date.now();
  const joined = scene !== 'not-enrolled';
  const away = scene === 'waiting' || scene === 'paused' || scene === 'fenced' || scene === 'revoked';
  const pending = scene === 'idle' || scene === 'rejected' ? 0 : scene === 'syncing' ? 42 : 128;
  const agesMin: Partial<Record<SyncScene, number>> = { syncing: 3, 'not-enrolled': 5 * 1440 };
  const errors: Partial<Record<SyncScene, string>> = {
    waiting: 'hub.vetlab.example: the name cannot be resolved; check the network cable, then the address',
    revoked: 'station-revoked: the station was taken off the list at headquarters',
  };
  return {
    enrolled: joined ? HUB : null,
    station_id: idOf('stat', 1),
    station_name: 'Bench 1',
    state: scene === 'rejected' ? 'idle' : scene,
    in_words: '',
    pending,
    oldest_ms: pending > 0 ? now - (agesMin[scene] ?? 310) * MINUTE_MS : null,
    blobs_pending: scene === 'syncing' ? 17 : away ? 64 : 0,
    blobs_missing: 0,
    rejected_total: scene === 'rejected' ? 2 : 0,
    rejected: scene === 'rejected' ? REJECTED : [],
    left: scene === 'rejected' ? LEFT : [],
    last_success_ms: joined ? now - (away ? 312 : 1) * MINUTE_MS : null,
    last_attempt_ms: joined ? now - 40_000 : null,
    last_error: errors[scene] ?? null,
    next_attempt_ms: scene === 'waiting' ? now + 3 * MINUTE_MS : null,
    paused: scene === 'paused' ? 'the network is billed by the megabyte until Monday' : null,
    fenced: scene === 'fenced' ? 'record 1 802 came twice, with two contents: incarnation 1' : null,
    take_over_wanted: false,
    hub_only: scene === 'fenced' ? 12 : 0,
  };
}

/** What the service says of it, among the other parts. */
export function partOf(sync: SyncState): Pick<Health, 'status' | 'message'> {
  const message = sync.fenced ?? sync.last_error ?? sync.paused ?? '';
  if (sync.state === 'fenced' || sync.state === 'revoked') return { status: 'unhealthy', message };
  return { status: message === '' ? 'healthy' : 'degraded', message };
}

const LEFT = ["assay hi 4: the name of the format '97' is not known to this release: update the station"];

const REJECTED: SyncState['rejected'] = [
  {
    seq: 1733,
    kind: 'run',
    code: 'run-differs',
    reason: 'run 01a1ff89-run0-7000-8000-0000000006c5 is there already with another content',
    at_ms: Date.UTC(2026, 10, 20, 8, 12),
    what_to_do: 'Tell headquarters the number of the record: they hold both and decide which counts.',
  },
  {
    seq: 1690,
    kind: 'config',
    code: 'never-heard-of',
    reason: 'value too long for type character varying(255)',
    at_ms: Date.UTC(2026, 10, 19, 3, 40),
    what_to_do: 'Tell headquarters the number of the record; they can try it again after an update of the hub.',
  },
];

/** How the way is, as a scripted station knows it, and whom it asks. */
export interface Way {
  need: Need;
  now: () => SyncState;
  becomes: (sync: SyncState) => SyncState;
}

export function syncHandlers(way: Way): Handlers {
  return {
    sync_state: () => way.now(),
    enrol: ({ url, code }: { url: string; code: string }) => {
      way.need('config:write');
      if (!/^https?:/.test(url)) throw new Fault({ code: 'invalid', message: `'${url}' is no address of a hub` });
      if (!/^LAB-/.test(code)) throw new Fault({ code: 'invalid', message: 'headquarters do not know this code' });
      return way.becomes({ ...syncOf('syncing'), enrolled: { ...HUB, hub_url: url } });
    },
    pause_sync: ({ why }: { why: string }) => {
      way.need('config:write');
      way.becomes({ ...way.now(), state: 'paused', paused: why });
      return null;
    },
    resume_sync: () => {
      way.need('config:write');
      way.becomes({ ...way.now(), state: way.now().pending > 0 ? 'syncing' : 'idle', paused: null });
      return null;
    },
    sync_now: () => {
      way.becomes(syncOf('idle'));
      return null;
    },
    take_over: () => {
      way.need('config:write');
      way.becomes({ ...syncOf('syncing'), hub_only: way.now().hub_only });
      return null;
    },
  };
}
