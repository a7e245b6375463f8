import type { Call } from './api/shapes';

/** The shapes of the annotated pictures, so that a class looks the same on paper and in the window. */
export type Shape =
  'drop' | 'disc' | 'circle' | 'square' | 'cross' | 'diamond' | 'frame' | 'triangle' | 'rhomb' | 'bar';

export interface Look {
  letter: string;
  shape: Shape;
  color: string;
}

/** A path on a field of 20, filled, or stroked as wide as said. */
export interface Drawing {
  path: string;
  stroke?: number;
}

export const SHAPES: Record<Shape, Drawing> = {
  drop: { path: 'M10 1.5a6 6 0 0 1 5.6 8.2L10 19.5 4.4 9.7A6 6 0 0 1 10 1.5z' },
  disc: { path: 'M2 10a8 8 0 1 1 16 0a8 8 0 1 1 -16 0z' },
  circle: { path: 'M3.5 10a6.5 6.5 0 1 1 13 0a6.5 6.5 0 1 1 -13 0z', stroke: 3.8 },
  square: { path: 'M2.5 2.5h15v15h-15z' },
  cross: { path: 'M4 4l12 12M16 4L4 16', stroke: 3.8 },
  diamond: { path: 'M10 1l9 9-9 9-9-9z' },
  rhomb: { path: 'M10 3l7 7-7 7-7-7z', stroke: 3.4 },
  frame: { path: 'M3.5 3.5h13v13h-13z', stroke: 3.4 },
  triangle: { path: 'M10 1.5l9 16H1z' },
  bar: { path: 'M2 7h16v6h-16z' },
};

const GREY = '#c8c8c8';
/** The colours of Okabe and Ito, which stay apart for every kind of colour vision. */
const [SKY, ORANGE, PINK, YELLOW, GREEN, VERMILION, BLUE] = [
  '#56b4e9',
  '#e69f00',
  '#cc79a7',
  '#f0e442',
  '#009e73',
  '#d55e00',
  '#0072b2',
] as const;
const COLORS = [SKY, ORANGE, PINK, YELLOW, GREEN, VERMILION, BLUE] as const;
const SPARE: Shape[] = ['triangle', 'diamond', 'frame', 'square', 'circle', 'disc'];
const UNKNOWN: Look = { letter: '#', shape: 'bar', color: GREY };

const SHIPPED: Record<string, Look> = {
  teardrop: { letter: 'T', shape: 'drop', color: SKY },
  button: { letter: 'B', shape: 'disc', color: ORANGE },
  ring: { letter: 'R', shape: 'circle', color: PINK },
  mat: { letter: 'M', shape: 'square', color: YELLOW },
  empty: { letter: '-', shape: 'cross', color: GREY },
  growth: { letter: 'G', shape: 'diamond', color: ORANGE },
  'no-growth': { letter: '.', shape: 'rhomb', color: SKY },
  coloured: { letter: 'C', shape: 'diamond', color: PINK },
  clear: { letter: '.', shape: 'frame', color: SKY },
};

/** How every class of an assay looks. A laboratory's own classes take the letters and shapes left over. */
export function legend(classes: string[]): Map<string, Look> {
  const looks = new Map<string, Look>();
  const sorted = [...classes].sort();
  for (const name of sorted) {
    const look = SHIPPED[name];
    if (look) looks.set(name, look);
  }
  const own = sorted.filter((name) => !(name in SHIPPED));
  own.forEach((name, n) => {
    const taken = [...looks.values()].map((look) => look.letter);
    const letters = [...name.toUpperCase(), ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const letter = letters.find((c) => /[A-Z]/.test(c) && !taken.includes(c)) ?? '#';
    looks.set(name, {
      letter,
      shape: SPARE[n % SPARE.length] ?? 'bar',
      color: COLORS[n % COLORS.length] ?? GREY,
    });
  });
  return looks;
}

export const lookOf = (looks: Map<string, Look>, name: string): Look => looks.get(name) ?? SHIPPED[name] ?? UNKNOWN;

/** The sign of a call, where a class says too much: plus, minus, cross. */
export const CALL_SIGN: Record<Call, string> = { positive: '+', negative: '−', invalid: '×' };
