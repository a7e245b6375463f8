import type { RunDetail } from './api/shapes';
import { isDoubtful } from './plate/geometry';
import { m } from './paraglide/messages';
import { seriesFlag } from './words';

const ASKS = new Set([
  'leading-gap',
  'skipped-well',
  'several-transitions',
  'invalid-in-run',
  'growth-control-failed',
  'sterility-control-failed',
]);

/** The recorded sentences that the window can say by itself, from what they were made of. */
const SAID = [/^Nothing in the picture shows which corner/, /need a look: /, /needs a look: /, /^Series \S+: /];

export interface Why {
  text: string;
  /** Recorded in English, because only the record says it. */
  recorded: boolean;
}

/** Why a person must look at a run, in the user's language as far as the run itself tells. */
export function whyReview(run: RunDetail): Why[] {
  const whys: Why[] = [];
  const say = (text: string) => whys.push({ text, recorded: false });
  if (run.state.disposition === 'waiting-sample') say(m.attention_waiting_sample());
  if (run.state.conflict) say(m.needs_review_conflict());
  const doubtful = run.wells.filter(isDoubtful).map((well) => well.well);
  if (doubtful.length > 0) say(m.needs_review_wells({ wells: doubtful.join(', ') }));
  for (const series of run.results?.results.series ?? []) {
    for (const flag of series.flags.filter((flag) => ASKS.has(flag))) {
      say(m.needs_review_series({ series: series.series, what: seriesFlag(flag) }));
    }
  }
  if (run.grid && !run.grid.orientation.known) say(m.needs_review_orientation());
  const recorded = run.results?.results.review_reasons ?? run.review_reasons;
  for (const text of recorded) {
    if (!SAID.some((pattern) => pattern.test(text))) whys.push({ text, recorded: true });
  }
  return whys;
}
