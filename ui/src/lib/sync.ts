// How the way to headquarters is, in words. The station says the facts; here they get their sentence and their look.
import type { Permission, SyncState } from './api/shapes';
import * as format from './format';
import { m } from './paraglide/messages';
import type { Tone } from './ui/Pill.svelte';
import type { IconName } from './ui/icons';
import { whyNot } from './words';

export interface Told {
  tone: Tone;
  icon: IconName;
  /** What is so. */
  text: string;
  /** What it means, and what to do. */
  more: string;
}

const MINUTE_MS = 60_000;

/** Whether headquarters takes nothing until a person has done something. */
export const isBlocked = (sync: SyncState): boolean => sync.state === 'fenced' || sync.state === 'revoked';

/** Whether the last try did not get through. */
export const isAway = (sync: SyncState): boolean => sync.state === 'waiting' && sync.last_error !== null;

/** The state as a sentence. */
export function told(sync: SyncState): Told {
  switch (sync.state) {
    case 'not-enrolled':
      return { tone: 'accent', icon: 'info', text: m.sync_none(), more: m.sync_none_more() };
    case 'waiting':
      return isAway(sync)
        ? { tone: 'warn', icon: 'offline', text: m.sync_offline(), more: m.sync_offline_more() }
        : onTheWay(sync);
    case 'paused': {
      const more = sync.paused ? m.sync_paused_why({ why: sync.paused }) : m.sync_paused_more();
      return { tone: 'warn', icon: 'pause', text: m.sync_paused(), more };
    }
    case 'fenced':
      return { tone: 'bad', icon: 'warn', text: m.sync_fenced(), more: m.sync_fenced_more() };
    case 'revoked':
      return { tone: 'bad', icon: 'warn', text: m.sync_revoked(), more: m.sync_revoked_more() };
    case 'idle':
    case 'syncing':
      return onTheWay(sync);
  }
}

function onTheWay(sync: SyncState): Told {
  if (sync.pending + sync.blobs_pending > 0 || sync.last_success_ms === null) {
    return { tone: 'accent', icon: 'sync', text: m.sync_going(), more: m.sync_going_more() };
  }
  if (sync.rejected_total > 0) {
    const text = m.sync_done_but({ n: format.count(sync.rejected_total) });
    return { tone: 'warn', icon: 'warn', text, more: m.sync_done_but_more() };
  }
  return { tone: 'good', icon: 'check', text: m.sync_done(), more: m.sync_done_more() };
}

/** How old something is; what is younger than a minute is of now. */
export const age = (thenMs: number, nowMs: number): string =>
  nowMs - thenMs < MINUTE_MS ? m.just_now() : format.ago(thenMs, nowMs);

/** When it is tried again, once a try has failed. */
export function nextTry(sync: SyncState, nowMs: number): string {
  if (!isAway(sync) || sync.next_attempt_ms === null) return '';
  const inMs = sync.next_attempt_ms - nowMs;
  return inMs < MINUTE_MS ? m.sync_next_soon() : m.sync_next({ when: format.ahead(inMs) });
}

/** The same for who is at work on something else: one line, and those beside it. */
export function short(sync: SyncState, nowMs: number): Omit<Told, 'more'> & { parts: string[] } {
  const { tone, icon } = told(sync);
  const n = format.count(sync.pending);
  const texts: Partial<Record<SyncState['state'], string>> = {
    ...(isAway(sync) ? { waiting: m.sync_short_offline({ n }) } : {}),
    paused: m.sync_short_paused({ n }),
    fenced: m.sync_short_blocked({ n }),
    revoked: m.sync_short_blocked({ n }),
  };
  const text = texts[sync.state] ?? (sync.pending > 0 ? m.sync_short_waiting({ n }) : m.sync_short_done());
  const parts = [];
  if (sync.rejected_total > 0) parts.push(m.sync_short_rejected({ n: format.count(sync.rejected_total) }));
  if (sync.oldest_ms !== null) parts.push(m.sync_short_oldest({ age: age(sync.oldest_ms, nowMs) }));
  parts.push(
    sync.last_success_ms === null ? m.sync_short_never() : m.sync_short_last({ age: age(sync.last_success_ms, nowMs) }),
  );
  return { tone, icon, text, parts };
}

/** Why nothing can be sent now by pressing a button; empty when it can. */
export function whyNotNow(sync: SyncState): string {
  const whys: Partial<Record<SyncState['state'], string>> = {
    'not-enrolled': m.sync_why_none(),
    paused: m.sync_why_paused(),
    fenced: m.sync_why_fenced(),
    revoked: m.sync_why_revoked(),
  };
  return whys[sync.state] ?? '';
}

/** Why it cannot be paused or resumed by this person now. */
export const whyNotPause = (sync: SyncState, may: (permission: Permission) => boolean): string =>
  !may('config:write') ? whyNot('config:write') : sync.enrolled === null ? m.sync_why_none() : '';
