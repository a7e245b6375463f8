import { expect, test } from 'vitest';
import { lookOf } from '../looks';
import { changed, drawAll, type Mark } from './marks';

const looks = new Map();
const mark = (x: number, more: Partial<Mark> = {}): Mark => ({
  x,
  y: 0,
  look: lookOf(looks, 'button'),
  doubtful: false,
  decided: false,
  unused: false,
  ...more,
});
const plate = Array.from({ length: 12 }, (_, n) => mark(n));
const but = (n: number, more: Partial<Mark>): Mark[] => plate.map((one, at) => (at === n ? { ...one, ...more } : one));

test('what looks the same is not drawn again', () => {
  expect(changed(plate, but(3, {}))).toEqual([]);
});

test.each([
  { look: lookOf(looks, 'ring') },
  { doubtful: true },
  { decided: true },
  { unused: true },
] satisfies Partial<Mark>[])('a well that changed is drawn again alone: %o', (more) => {
  expect(changed(plate, but(3, more))).toEqual([mark(3, more)]);
});

test('a plate that lies elsewhere, another plate, and one with much that changed are drawn whole', () => {
  expect(changed(plate, but(3, { x: 3.5 }))).toBeNull();
  expect(changed(plate, plate.slice(1))).toBeNull();
  expect(
    changed(
      plate,
      plate.map((one) => ({ ...one, decided: true })),
    ),
  ).toBeNull();
});

test('a plate of any size can be drawn, also one that is still being laid out', () => {
  const drawn: number[] = [];
  const nothing = () => undefined;
  const strict = {
    ...Object.fromEntries(
      [
        'beginPath',
        'stroke',
        'fill',
        'save',
        'restore',
        'translate',
        'scale',
        'roundRect',
        'fillText',
        'setLineDash',
      ].map((name) => [name, nothing]),
    ),
    measureText: () => ({ width: 5 }),
    // As the canvas of a browser does.
    arc: (_x: number, _y: number, radius: number) => {
      if (radius < 0) throw new Error(`a radius of ${radius}`);
      drawn.push(radius);
    },
  } as unknown as CanvasRenderingContext2D;
  for (const pitch of [0, 0.01, 1, 1.8, 3, 13]) drawAll(strict, plate, [], pitch);
  expect(drawn).toHaveLength(6 * 2 * plate.length);
});
