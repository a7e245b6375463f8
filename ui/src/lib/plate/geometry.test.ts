import { describe, expect, test } from 'vitest';
import type { Grid, PlateFormat, Point } from '../api/shapes';
import { corners, gridThrough, neighbour, placeOf, project, rowLetters, wellName } from './geometry';

const FORMAT: PlateFormat = { rows: 8, cols: 12 };

test('names of wells go there and back in every format', () => {
  expect(rowLetters(31), '1536 wells have rows beyond Z').toBe('AF');
  for (const [row, col] of [
    [0, 0],
    [7, 11],
    [31, 47],
    [25, 0],
    [26, 5],
  ] as const) {
    expect(placeOf(wellName(row, col)), wellName(row, col)).toEqual({ row, col });
  }
});

test('a grid through four corners goes through them', () => {
  const wanted: Point[] = [
    [212, 180],
    [1490, 171],
    [1510, 1020],
    [200, 1001],
  ];
  const grid: Grid = {
    format: FORMAT,
    homography: gridThrough(FORMAT, wanted),
    rms_residual_px: 0,
    orientation: { known: true, by: 'calibration' },
  };
  for (const [n, [x, y]] of corners(grid).entries()) {
    expect(x, `corner ${n}`).toBeCloseTo(wanted[n]?.[0] ?? 0, 6);
    expect(y, `corner ${n}`).toBeCloseTo(wanted[n]?.[1] ?? 0, 6);
  }
  const [x, y] = project(grid, 5.5, 3.5);
  expect(x > 212 && x < 1490 && y > 180 && y < 1010, 'the middle lies within').toBe(true);
});

describe('arrows follow what is seen', () => {
  const turned =
    (cosine: number, sine: number) =>
    (well: string): Point => {
      const { row, col } = placeOf(well);
      return [cosine * col - sine * row, sine * col + cosine * row];
    };

  test('on an upright plate', () => {
    expect(neighbour(FORMAT, turned(1, 0), 'B2', 'ArrowRight')).toBe('B3');
    expect(neighbour(FORMAT, turned(1, 0), 'B2', 'ArrowUp')).toBe('A2');
    expect(neighbour(FORMAT, turned(1, 0), 'A1', 'ArrowUp'), 'at the edge it stays').toBe('A1');
  });

  test('on a plate that lies on its head', () => {
    expect(neighbour(FORMAT, turned(-1, 0), 'B2', 'ArrowRight'), 'right on the screen is column 1').toBe('B1');
    expect(neighbour(FORMAT, turned(-1, 0), 'B2', 'ArrowDown')).toBe('A2');
  });

  test('on a plate turned by a quarter', () => {
    expect(neighbour(FORMAT, turned(0, 1), 'B2', 'ArrowDown'), 'columns run down').toBe('B3');
    expect(neighbour(FORMAT, turned(0, 1), 'B2', 'ArrowRight'), 'rows run to the left').toBe('A2');
  });
});
