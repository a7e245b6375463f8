import { legend } from '../../looks';
import { project, wellName } from '../../plate/geometry';
import type { CallFlag, Call, FinalResults, Grid, SeriesFlag, SeriesResult, WellDetail } from '../shapes';
import { chance } from './chance';

export const FORMAT = { rows: 8, cols: 12 };
export const PICTURE = { width: 1400, height: 980 };
export const CLASSES: Record<string, Call> = {
  teardrop: 'positive',
  button: 'negative',
  ring: 'negative',
  mat: 'negative',
  empty: 'invalid',
};
export const LOOKS = legend(Object.keys(CLASSES));

/** A plate that lies nearly straight under the camera, as on a reading bench. */
export function gridOf(seed: number): Grid {
  const draw = chance(seed + 7);
  const turn = (draw() - 0.5) * 0.02;
  const pitch = 100;
  const at = [140 + draw() * 12, 138 + draw() * 12];
  return {
    format: FORMAT,
    homography: [pitch, -pitch * turn, at[0] ?? 0, pitch * turn, pitch, at[1] ?? 0, -0.0001, -0.0003, 1],
    rms_residual_px: 0.9 + draw(),
    orientation: { known: seed % 3 !== 0, by: seed % 3 === 0 ? 'assumed' : 'letters' },
  };
}

/** The end points that a plate was made with. */
export function endPoints(seed: number): number[] {
  const draw = chance(seed);
  const middle = 3 + Math.floor(draw() * 6);
  return Array.from({ length: FORMAT.rows }, () => Math.max(0, Math.min(12, middle + Math.round((draw() - 0.5) * 6))));
}

function classOf(col: number, end: number, draw: () => number): string {
  if (col < end) return 'teardrop';
  const roll = draw();
  return roll < 0.72 ? 'button' : roll < 0.9 ? 'ring' : 'mat';
}

function odds(truth: string, doubtful: boolean, draw: () => number): Record<string, number> {
  const confidence = doubtful ? 0.45 + draw() * 0.34 : 0.93 + draw() * 0.069;
  const names = Object.keys(CLASSES);
  const others = names.filter((name) => name !== truth).map((name) => [name, draw() ** 3] as const);
  const sum = others.reduce((all, [, share]) => all + share, 0);
  return Object.fromEntries(
    names.map((name) => {
      const share = others.find(([other]) => other === name)?.[1] ?? 0;
      return [name, name === truth ? confidence : ((1 - confidence) * share) / sum];
    }),
  );
}

/** Every well of a plate, as the program saw it. */
export function wellsOf(seed: number, doubtful: number): WellDetail[] {
  const draw = chance(seed + 1);
  const grid = gridOf(seed);
  const ends = endPoints(seed);
  const unsure = new Set(Array.from({ length: doubtful }, () => Math.floor(draw() * 96)));
  return Array.from({ length: 96 }, (_, n) => {
    const [row, col] = [Math.floor(n / 12), n % 12];
    const name = seed % 11 === 5 && row === 7 ? 'empty' : classOf(col, ends[row] ?? 0, draw);
    const center = project(grid, col, row);
    const half = 49;
    const probabilities = odds(name, unsure.has(n), draw);
    const flags: CallFlag[] = unsure.has(n) ? ['low-confidence'] : [];
    if (unsure.has(n) && draw() < 0.25) flags.unshift('glare');
    return {
      well: wellName(row, col),
      role: 'sample',
      center_px: center,
      bbox: { xmin: center[0] - half, ymin: center[1] - half, xmax: center[0] + half, ymax: center[1] + half },
      class: name,
      label: CLASSES[name] ?? 'invalid',
      confidence: probabilities[name] ?? 0,
      probabilities,
      flags,
      final_class: name,
      final_label: CLASSES[name] ?? 'invalid',
      review: null,
    };
  });
}

/** The rule `run` of the assays, as far as pictures and tests need it. */
function seriesOf(row: number, calls: Call[]): SeriesResult {
  const flags: SeriesFlag[] = [];
  const first = calls.indexOf('positive');
  let end = first <= 1 ? first + 1 : 0;
  let skipped = false;
  if (first === 1) flags.push('leading-gap');
  for (let col = end; end > 0 && col < calls.length; col += 1) {
    if (calls[col] === 'positive') end = col + 1;
    else if (!skipped && calls[col + 1] === 'positive') {
      skipped = true;
      flags.push('skipped-well');
    } else break;
  }
  if (calls.slice(end + 1).includes('positive')) flags.push('several-transitions');
  if (end === calls.length) flags.push('open-ended');
  const dead = calls.every((call) => call === 'invalid');
  if (dead) flags.push('no-valid-wells');
  return {
    series: String.fromCharCode(65 + row),
    role: 'sample',
    end_point: dead ? null : end,
    titre: end > 0 ? 2 ** end : null,
    log2: end > 0 ? end : null,
    flags,
    rule: 'run',
  };
}

/** What a plate says, from the calls that hold. */
export function resultsOf(wells: WellDetail[]): FinalResults {
  const series = Array.from({ length: 8 }, (_, row) =>
    seriesOf(
      row,
      wells.slice(row * 12, row * 12 + 12).map((well) => well.final_label),
    ),
  );
  const distribution: Record<string, number> = {};
  for (const { end_point: end } of series) {
    if (end !== null) distribution[end] = (distribution[end] ?? 0) + 1;
  }
  const counted = (call: Call) => wells.filter((well) => well.final_label === call).length;
  const classes = Object.fromEntries(
    Object.keys(CLASSES).map((name) => [name, wells.filter((well) => well.final_class === name).length]),
  );
  const ends = series.flatMap((one) => (one.end_point === null ? [] : [one.end_point]));
  return {
    counts: { positive: counted('positive'), negative: counted('negative'), invalid: counted('invalid') },
    distribution,
    results: {
      series,
      classes,
      statistics: statisticsOf(ends),
      validity_failures: [],
      needs_review: wells.some((well) => well.flags.length > 0),
      review_reasons: [],
    },
  };
}

export function statisticsOf(ends: number[]): FinalResults['results']['statistics'] {
  const logs = ends.map((end) => end);
  const mean = logs.reduce((sum, log) => sum + log, 0) / (logs.length || 1);
  const spread = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / Math.max(1, logs.length - 1));
  return {
    series: ends.length,
    below_first: ends.filter((end) => end === 0).length,
    below_first_as: 'half',
    count: ends.length,
    mean_log2: mean,
    sd_log2: spread,
    cv_percent: mean ? (100 * spread) / mean : null,
    geometric_mean_titre: 2 ** mean,
    cut_off: 16,
    share_at_or_above: ends.filter((end) => end >= 4).length / (ends.length || 1),
  };
}
