import { beforeEach, expect, test } from 'vitest';
import * as format from './format';
import { locale } from './locale.svelte';

beforeEach(() => {
  localStorage.clear();
  locale.start();
});

const AT = { utc_ms: Date.UTC(2026, 10, 21, 2, 58, 30), offset_min: 420 };

test('a moment is told as the clock on the wall of the station showed it', () => {
  expect(format.clock(AT), 'in whatever zone the test runs').toBe('09:58');
  expect(format.dateTime(AT)).toBe('21 Nov 2026, 09:58');
});

test('Thai dates keep the Western year and digits, as laboratories write them', () => {
  locale.choose('th');
  expect(format.dateTime(AT)).toContain('2026');
  expect(format.dateTime(AT)).toContain('พ.ย.');
});

test('a share is never rounded up to certainty', () => {
  expect(format.percent(0.999)).toBe('99%');
  expect(format.percent(1)).toBe('100%');
});

test('titres and sizes', () => {
  expect(format.titre(1024), 'no separator within a titre').toBe('1:1024');
  expect(format.titre(56.23)).toBe('1:56.2');
  expect(format.bytes(0)).toBe('0 byte');
  expect(format.bytes(48_300_000)).toBe('48.3 MB');
});
