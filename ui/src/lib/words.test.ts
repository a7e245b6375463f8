import { beforeEach, expect, test } from 'vitest';
import review from '../../../crates/station/src/review.rs?raw';
import decode from '../../../crates/vision/src/decode/error.rs?raw';
import locate from '../../../crates/vision/src/locate/mod.rs?raw';
import people from '../../../crates/station/src/people/permission.rs?raw';
import code from './types/Code.ts?raw';
import { detailOf } from './api/scripted/runs';
import { LOCALES, locale } from './locale.svelte';
import { whyReview } from './reasons';
import * as words from './words';

beforeEach(() => {
  localStorage.clear();
  locale.start();
});

test.each(LOCALES)('every code of the station has a sentence of its own (%s)', (language) => {
  locale.choose(language);
  const codes = [...code.matchAll(/"([a-z-]+)"/g)].map(([, name = '']) => name);
  expect(codes.length, 'the codes could be read').toBeGreaterThan(10);
  expect(codes).toContain('cancelled');
  for (const name of codes) {
    expect(words.isUnforeseen(name), name).toBe(false);
    expect(words.faultSentence(name), name).not.toBe(words.faultSentence('unknown'));
    if (language === 'th') expect(words.faultSentence(name), name).toMatch(/[ก-๛]/);
  }
  const sentences = codes.map(words.faultSentence);
  expect(new Set(sentences).size, 'no two say the same').toBe(codes.length);
});

test('every reason and every right has a name', () => {
  const reasons = [...review.matchAll(/Self::\w+ => "([\w-]+)"/g)].map(([, name = '']) => name);
  const rights = [...people.matchAll(/Self::\w+ => "([\w:]+)"/g)].map(([, name = '']) => name);
  expect(words.REASON_CODES, 'each is offered, and no other').toEqual(reasons);
  expect(rights.length).toBe(10);
  for (const name of reasons) expect(words.reasonName(name), name).not.toBe(name);
  for (const name of rights) expect(words.rightName(name), name).not.toBe(name);
});

test('an unknown fault offers help, and an unknown class keeps its name', () => {
  expect(words.faultSentence('never-heard-of')).toBe(words.faultSentence('unknown'));
  expect(words.className('torn'), "a laboratory's own").toBe('torn');
});

test('why a run needs a look is said in the language of the window', () => {
  const run = { ...detailOf(411, 411), review_reasons: ['Series B: a single well is out of turn within the run.'] };
  const english = whyReview(run).map((why) => why.text);
  locale.choose('th');
  const thai = whyReview(run);
  expect(thai.length).toBe(english.length);
  expect(
    thai.every((why) => !why.recorded && /[ก-๛]/.test(why.text)),
    'no sentence is left in English',
  ).toBe(true);
});

test('what only the record says is shown as it was recorded', () => {
  const run = detailOf(411, 411);
  const results = run.results;
  if (results) results.results.review_reasons = ['The positive control in row G is 1:8, not 1:40.'];
  expect(whyReview(run).at(-1)).toEqual({ text: 'The positive control in row G is 1:8, not 1:40.', recorded: true });
});

test('why a picture could not be read has a sentence for every code', () => {
  const codes = [decode, locate].flatMap((source) =>
    [...source.matchAll(/Self::[^\n]* => "([a-z-]+)"/g)].map(([, name = '']) => name),
  );
  expect(codes.length, 'the codes could be read').toBeGreaterThan(7);
  const any = words.unreadSentence('never-heard-of');
  for (const code of codes) expect(words.unreadSentence(code), code).not.toBe(any);
});
