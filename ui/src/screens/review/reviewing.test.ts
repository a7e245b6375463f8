import { beforeEach, expect, test } from 'vitest';
import { useBackend } from '../../lib/api/backend';
import type { Reason } from '../../lib/api/shapes';
import { ScriptedStation } from '../../lib/api/scripted/station';
import { doubtfulFirst } from '../../lib/plate/geometry';
import { Reviewing, kept, lastEvent, nextDoubtful } from './reviewing.svelte';

const RUN = '01a1ff89-run0-7000-8000-00000000019b';
const MISREAD: Reason = { code: 'misread', text: '' };
let station: ScriptedStation;
let reviewing: Reviewing;

beforeEach(async () => {
  station = new ScriptedStation();
  useBackend(station);
  reviewing = new Reviewing();
  await reviewing.load(RUN);
});

test('a decision shows before the station has answered', async () => {
  const sent = reviewing.class('A1', 'mat', 'negative', MISREAD);
  expect(reviewing.well('A1')?.final_class, 'at once').toBe('mat');
  await sent;
  expect(reviewing.well('A1')?.final_class, 'and after the answer').toBe('mat');
  expect(reviewing.well('A1')?.class, 'what was seen stays').toBe('teardrop');
});

test('decisions reach the station in the order of the keys', async () => {
  await Promise.all(['mat', 'ring', 'button'].map((name) => reviewing.class('A1', name, 'negative', MISREAD)));
  const sent = station.calls
    .filter((call) => call.name === 'review')
    .map((call) => (call.args['change'] as { well: { is: { class: string } } }).well.is.class);
  expect(sent).toEqual(['mat', 'ring', 'button']);
  expect(reviewing.well('A1')?.final_class, 'the last key holds').toBe('button');
});

test('a refused decision is taken back from the screen', async () => {
  const viewer = new ScriptedStation({ as: 'visitor' });
  useBackend(viewer);
  await expect(reviewing.class('A1', 'mat', 'negative', MISREAD)).rejects.toMatchObject({ code: 'not-permitted' });
  expect(reviewing.well('A1')?.final_class, 'what holds is shown again').toBe('teardrop');
});

test('undo takes back the last event that still holds', async () => {
  await reviewing.class('A1', 'mat', 'negative', MISREAD);
  await reviewing.class('A2', 'mat', 'negative', MISREAD);
  const event = reviewing.run ? lastEvent(reviewing.run) : null;
  await reviewing.decide({ undo: { event: event ?? 0 } }, { code: 'mistake', text: '' });
  expect(reviewing.well('A2')?.final_class).toBe('teardrop');
  expect(reviewing.well('A1')?.final_class, 'the one before it holds on').toBe('mat');
});

test('N walks the doubtful wells, the least certain first, and round again', async () => {
  const wells = reviewing.run?.wells ?? [];
  const order = doubtfulFirst(wells).map((well) => well.well);
  expect(order.length, 'this plate has doubtful wells').toBeGreaterThan(2);
  let at = 'A1';
  const walked = order.map(() => (at = nextDoubtful(wells, at) ?? ''));
  expect(walked).toEqual(order);
  expect(nextDoubtful(wells, at)).toBe(order[0]);
  expect(nextDoubtful([], 'A1'), 'nothing to go to').toBeNull();
});

test('what the station answers leaves the wells on the screen as they are, but for those that differ', () => {
  const shown = reviewing.run!;
  const answer = structuredClone(shown);
  expect(kept(shown, answer).wells, 'nothing differs').toBe(shown.wells);
  answer.wells[5]!.final_class = 'mat';
  const { wells } = kept(shown, answer);
  expect(wells.filter((well, n) => well !== shown.wells[n]).map((well) => well.well)).toEqual(['A6']);
  expect(wells[5]?.final_class).toBe('mat');
  expect(wells[5]?.center_px, 'it lies where it lay').toBe(shown.wells[5]?.center_px);
  expect(kept({ ...shown, id: 'another' }, answer), 'another run is taken whole').toBe(answer);
});
