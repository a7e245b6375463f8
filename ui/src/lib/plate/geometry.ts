import type { BBox, PlateFormat, Grid, Point, WellDetail } from '../api/shapes';

/** `A`, `B`, … `Z`, `AA`, … for a row counted from 0. */
export function rowLetters(row: number): string {
  const last = String.fromCharCode(65 + (row % 26));
  return row < 26 ? last : rowLetters(Math.floor(row / 26) - 1) + last;
}

export const wellName = (row: number, col: number): string => `${rowLetters(row)}${col + 1}`;

/** Row and column from 0, of a name such as `AF48`. */
export function placeOf(well: string): { row: number; col: number } {
  const match = /^([A-Z]+)(\d+)$/.exec(well);
  if (!match) return { row: 0, col: 0 };
  const row = [...(match[1] ?? 'A')].reduce((sum, c) => sum * 26 + c.charCodeAt(0) - 64, 0) - 1;
  return { row, col: Number(match[2]) - 1 };
}

/** Pixel of a lattice point: `col` and `row` from 0 at A1's centre, fractions allowed. */
export function project(grid: Pick<Grid, 'homography'>, col: number, row: number): Point {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, g = 0, h = 0, i = 1] = grid.homography;
  const w = g * col + h * row + i;
  return [(a * col + b * row + c) / w, (d * col + e * row + f) / w];
}

/** The centres of the four corner wells: first row left and right, last row right and left. */
export function corners(grid: Grid): Point[] {
  const { rows, cols } = grid.format;
  return [
    project(grid, 0, 0),
    project(grid, cols - 1, 0),
    project(grid, cols - 1, rows - 1),
    project(grid, 0, rows - 1),
  ];
}

/** The homography that takes the unit square's corners, scaled to the format, onto four points of the picture. */
export function gridThrough(format: PlateFormat, [p0, p1, p2, p3]: Point[]): Grid['homography'] {
  if (!p0 || !p1 || !p2 || !p3) return [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const dx1 = p1[0] - p2[0];
  const dx2 = p3[0] - p2[0];
  const dx3 = p0[0] - p1[0] + p2[0] - p3[0];
  const dy1 = p1[1] - p2[1];
  const dy2 = p3[1] - p2[1];
  const dy3 = p0[1] - p1[1] + p2[1] - p3[1];
  const det = dx1 * dy2 - dx2 * dy1 || Number.EPSILON;
  const g = (dx3 * dy2 - dx2 * dy3) / det;
  const h = (dx1 * dy3 - dx3 * dy1) / det;
  // Columns run from 0 to cols - 1 and not from 0 to 1.
  const across = Math.max(1, format.cols - 1);
  const down = Math.max(1, format.rows - 1);
  return [
    (p1[0] - p0[0] + g * p1[0]) / across,
    (p3[0] - p0[0] + h * p3[0]) / down,
    p0[0],
    (p1[1] - p0[1] + g * p1[1]) / across,
    (p3[1] - p0[1] + h * p3[1]) / down,
    p0[1],
    g / across,
    h / down,
    1,
  ];
}

/** The part of the picture that holds all wells, with a margin for the names of rows and columns. */
export function frame(wells: { bbox: BBox }[]): BBox {
  const box = wells.reduce(
    (all, { bbox }) => ({
      xmin: Math.min(all.xmin, bbox.xmin),
      ymin: Math.min(all.ymin, bbox.ymin),
      xmax: Math.max(all.xmax, bbox.xmax),
      ymax: Math.max(all.ymax, bbox.ymax),
    }),
    { xmin: Infinity, ymin: Infinity, xmax: -Infinity, ymax: -Infinity },
  );
  const first = wells[0]?.bbox;
  const margin = first ? (first.xmax - first.xmin) * 0.45 : 0;
  return {
    xmin: box.xmin - margin,
    ymin: box.ymin - margin,
    xmax: box.xmax + margin * 0.4,
    ymax: box.ymax + margin * 0.4,
  };
}

export type Arrow = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight';

const TOWARDS: Record<Arrow, Point> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/**
 * The well that an arrow leads to. A plate may lie turned in the picture, so the arrow follows what is seen: of the four
 * neighbours the one that lies most nearly in its direction.
 */
export function neighbour(
  format: PlateFormat,
  at: (well: string) => Point | undefined,
  from: string,
  arrow: Arrow,
): string {
  const { row, col } = placeOf(from);
  const here = at(from);
  if (!here) return from;
  const [tx, ty] = TOWARDS[arrow];
  let best = from;
  let most = 0.5; // Cosine of 60 degrees: a neighbour further off is not in this direction.
  for (const [dr, dc] of [
    [0, 1],
    [0, -1],
    [1, 0],
    [-1, 0],
  ] as const) {
    const [r, c] = [row + dr, col + dc];
    if (r < 0 || c < 0 || r >= format.rows || c >= format.cols) continue;
    const there = at(wellName(r, c));
    if (!there) continue;
    const [dx, dy] = [there[0] - here[0], there[1] - here[1]];
    const along = (dx * tx + dy * ty) / (Math.hypot(dx, dy) || 1);
    if (along > most) [best, most] = [wellName(r, c), along];
  }
  return best;
}

/** Whether a person should look at a well before the results are used. */
export const isDoubtful = (well: WellDetail): boolean =>
  well.role !== 'unused' && well.flags.length > 0 && well.review === null;

/** Doubtful wells, the least certain first. */
export const doubtfulFirst = (wells: WellDetail[]): WellDetail[] =>
  wells.filter(isDoubtful).sort((a, b) => a.confidence - b.confidence);
