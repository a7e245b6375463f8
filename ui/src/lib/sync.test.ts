import { beforeEach, expect, test } from 'vitest';
import state from '../../../crates/station/src/sync/state.rs?raw';
import phase from './types/SyncPhase.ts?raw';
import type { SyncState } from './api/shapes';
import { syncOf, type SyncScene } from './api/scripted/sync';
import { LOCALES, locale } from './locale.svelte';
import { nextTry, short, told, whyNotNow, whyNotPause } from './sync';
import { rejectedSentence } from './words';

const NOW = Date.UTC(2026, 10, 21, 3, 0);
const MINUTE = 60_000;
const of = (scene: SyncScene, more: Partial<SyncState> = {}): SyncState => ({ ...syncOf(scene), ...more });
const phases = [...phase.matchAll(/"([a-z-]+)"/g)].map(([, name = '']) => name as SyncState['state']);

beforeEach(() => {
  localStorage.clear();
  locale.start();
});

test.each(LOCALES)('every state has a sentence of its own and says what it means (%s)', (language) => {
  locale.choose(language);
  expect(phases.length, 'the states could be read').toBe(7);
  const sentences = phases.map((name) => told(of(name, { state: name })));
  for (const [n, { text, more }] of sentences.entries()) {
    expect(more, phases[n]).not.toBe('');
    if (language === 'th') expect(text, phases[n]).toMatch(/[ก-๛]/);
  }
  const texts = sentences.map(({ text }) => text);
  expect(new Set(texts).size, 'no two states are told alike').toBe(phases.length);
});

test('what waits for its turn is on its way; only a try that failed is told as trouble', () => {
  const waits = of('waiting', { last_error: null });
  expect(told(waits).tone, 'the next round takes it').toBe('accent');
  expect(short(waits, NOW).text).toBe('128 waiting');
  const failed = of('waiting', { last_error: 'no route' });
  expect(told(failed).tone).toBe('warn');
  expect(short(failed, NOW).text).toBe('No contact, 128 waiting');
});

test('all that was told but for what was rejected is no full success', () => {
  expect(told(of('idle')).text).toBe('Headquarters has everything.');
  const but = told(of('rejected'));
  expect([but.tone, but.text]).toEqual(['warn', 'Headquarters has everything except what it could not take: 2.']);
});

test('pending, the age of the oldest, rejected and the last success are always told', () => {
  const sync = of('waiting', {
    pending: 1204,
    oldest_ms: NOW - 5 * 60 * MINUTE,
    rejected_total: 3,
    last_success_ms: NOW - 2 * 24 * 60 * MINUTE,
  });
  const { text, parts } = short(sync, NOW);
  expect(text).toContain('1,204');
  expect(parts).toEqual(['3 rejected', 'oldest 5 hours ago', 'sent 2 days ago']);
  expect(short(of('syncing', { last_success_ms: null }), NOW).parts.at(-1)).toBe('never sent');
  expect(short(of('syncing', { last_success_ms: NOW - 3000 }), NOW).parts.at(-1)).toBe('sent just now');
});

test('the next try is told in minutes, and not at all where none is meant', () => {
  const at = (inMs: number) => nextTry(of('waiting', { next_attempt_ms: NOW + inMs }), NOW);
  expect(at(-5)).toBe('Next try in less than a minute.');
  expect(at(59_000)).toBe('Next try in less than a minute.');
  expect(at(3 * MINUTE)).toBe('Next try in 3 minutes.');
  expect(nextTry(of('paused', { next_attempt_ms: NOW + MINUTE }), NOW), 'a pause has no end of its own').toBe('');
  expect(nextTry(of('waiting', { next_attempt_ms: null }), NOW)).toBe('');
});

test('a control that cannot be used says why', () => {
  const anybody = () => true;
  for (const name of ['not-enrolled', 'paused', 'fenced', 'revoked'] as const)
    expect(whyNotNow(of(name)), name).not.toBe('');
  for (const name of ['idle', 'syncing', 'waiting'] as const) expect(whyNotNow(of(name)), name).toBe('');
  expect(whyNotPause(of('idle'), () => false)).toContain('change settings');
  expect(whyNotPause(of('not-enrolled'), anybody)).toBe('Join a headquarters first.');
  expect(whyNotPause(of('paused'), anybody)).toBe('');
});

test('each code of a rejected record that the station knows says what to do', () => {
  const codes = [...(/fn what_to_do[^]*?\n}/.exec(state)?.[0].matchAll(/"([a-z]+-[a-z-]+)"/g) ?? [])].map(
    ([, code = '']) => code,
  );
  expect(codes.length, 'the codes could be read').toBeGreaterThan(3);
  for (const code of codes) expect(rejectedSentence(code), code).not.toBe(rejectedSentence('never-heard-of'));
});
