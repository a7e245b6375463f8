import { expect, test } from 'vitest';
import { href, parseHash } from './router.svelte';

test('a place goes into the address and back, whatever its number holds', () => {
  const no = 'A/26 #4|ก';
  const route = parseHash(href('sample', no, { well: 'B7' }));
  expect(route.screen).toBe('sample');
  expect(route.id, 'slashes and Thai letters too').toBe(no);
  expect(route.query.get('well')).toBe('B7');
});

test('an unknown address leads to the bench', () => {
  expect(parseHash('#/nowhere/1').screen).toBe('bench');
  expect(parseHash('').screen).toBe('bench');
  expect(parseHash('#/sample/100%').id, 'a lone percent sign is taken as it is').toBe('100%');
});
