import type { PlateFormat, Point, WellDetail } from '../api/shapes';
import { placeOf } from './geometry';

/** The part of a picture that is shown, and where things lie in it, in the picture's pixels. */
export interface View {
  left: number;
  top: number;
  width: number;
  height: number;
  pitch: number;
  rowNames: Point[];
  colNames: Point[];
  at: (well: string) => Point | undefined;
}

const beyond = (a: Point, b: Point, share: number): Point => [
  a[0] + (a[0] - b[0]) * share,
  a[1] + (a[1] - b[1]) * share,
];

/** All wells and the names of rows and columns, however the plate lies in the picture. */
export function viewOf(wells: WellDetail[], plate: PlateFormat): View {
  const at = (well: string): Point | undefined => {
    const { row, col } = placeOf(well);
    return wells[row * plate.cols + col]?.center_px;
  };
  const centre = (row: number, col: number): Point => wells[row * plate.cols + col]?.center_px ?? [0, 0];
  const box = wells[0]?.bbox;
  const pitch = box ? box.xmax - box.xmin : 1;
  const rowNames = Array.from({ length: plate.rows }, (_, r) => beyond(centre(r, 0), centre(r, 1), 0.72));
  const colNames = Array.from({ length: plate.cols }, (_, c) => beyond(centre(0, c), centre(1, c), 0.72));
  const names = [...rowNames, ...colNames];
  const [xs, ys] = [0, 1].map((axis) => [
    // The glyph hangs below its well, so the last row needs more room than the others.
    ...wells.flatMap((well) => [
      (well.center_px[axis] ?? 0) - pitch * 0.56,
      (well.center_px[axis] ?? 0) + pitch * (axis === 1 ? 0.7 : 0.56),
    ]),
    ...names.flatMap((name) => [(name[axis] ?? 0) - pitch * 0.26, (name[axis] ?? 0) + pitch * 0.26]),
  ]) as [number[], number[]];
  // A plate has up to 1536 wells, too many for the arguments of one call of `Math.min` on some systems.
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  const [left, top] = [least(xs), least(ys)];
  return { left, top, width: most(xs) - left, height: most(ys) - top, pitch, rowNames, colNames, at };
}
