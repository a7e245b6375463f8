import * as commands from '../../lib/api/commands';
import { Fault } from '../../lib/api/backend';
import type { Call, Change, Reason, RunDetail, WellDetail } from '../../lib/api/shapes';
import { doubtfulFirst } from '../../lib/plate/geometry';
import { session } from '../../lib/state/session.svelte';

/** What a well is shown as from the key on, before the station has answered. */
export function decided(well: WellDetail, name: string, call: Call, reason: Reason, actor: string): WellDetail {
  const review = {
    class: name,
    label: call,
    event: 0,
    actor,
    reason_code: reason.code,
    reason_text: reason.text,
  };
  return { ...well, final_class: name, final_label: call, review };
}

/** The doubtful well that comes after this one, the least certain first and round again. */
export function nextDoubtful(wells: WellDetail[], from: string): string | null {
  const doubtful = doubtfulFirst(wells).map((well) => well.well);
  const at = doubtful.indexOf(from);
  return doubtful[(at + 1) % doubtful.length] ?? null;
}

/** Whether two values of the station's answers say the same. */
function alike(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const own = Object.entries(a);
  const other = b as Record<string, unknown>;
  return own.length === Object.keys(b).length && own.every(([key, value]) => alike(value, other[key]));
}

/** What the station answered, with the wells that are on the screen already: those that are alike are not drawn anew. */
export function kept(shown: RunDetail | null, answer: RunDetail): RunDetail {
  if (shown?.id !== answer.id) return answer;
  const wells = answer.wells.map((well, n) => {
    const before = shown.wells[n];
    if (!before || before.well !== well.well) return well;
    if (alike(before, well)) return before;
    const still = alike(before.center_px, well.center_px) && alike(before.bbox, well.bbox);
    return still ? { ...well, center_px: before.center_px, bbox: before.bbox } : well;
  });
  return { ...answer, wells: wells.every((well, n) => well === shown.wells[n]) ? shown.wells : wells };
}

/** The event that Z takes back: the last that still holds. */
export function lastEvent(run: RunDetail): number | null {
  return run.events.findLast((event) => !event.undone && event.decision.kind !== 'undo')?.seq ?? null;
}

/**
 * A run under review. Decisions show at once and go to the station one after the other, in the order of the keys; what
 * the station answers to the last of them is what stays.
 */
export class Reviewing {
  run = $state.raw<RunDetail | null>(null);
  fault = $state.raw<Fault | null>(null);
  /** How many decisions are on their way. */
  pending = $state(0);
  #last: Promise<unknown> = Promise.resolve();

  async load(id: string): Promise<void> {
    try {
      const found = await commands.run(id);
      // An answer from before the last key would take that key back for a moment.
      if (this.pending === 0) this.run = kept(this.run, found);
      this.fault = null;
    } catch (thrown) {
      this.fault = Fault.of(thrown);
    }
  }

  well(name: string): WellDetail | undefined {
    return this.run?.wells.find((well) => well.well === name);
  }

  /** Says what a well shows; the call follows from the assay. */
  class(well: string, name: string, call: Call, reason: Reason): Promise<void> {
    const { run } = this;
    if (!run) return Promise.resolve();
    const actor = session.person?.username ?? '';
    const wells = run.wells.map((one) => (one.well === well ? decided(one, name, call, reason, actor) : one));
    this.run = { ...run, wells };
    return this.decide({ well: { well, is: { class: name } } }, reason);
  }

  /** Any decision; rejects with the fault after what really holds is shown again. */
  decide(change: Change, reason: Reason): Promise<void> {
    // What the person had seen when deciding, so that two who decide at once are both kept and flagged.
    const seen = this.#seen();
    return this.#inTurn((id) => commands.review(id, change, reason, seen));
  }

  /** Anything else that answers with the run as it is afterwards. */
  become(run: RunDetail): void {
    this.run = run;
  }

  /** The newest event on the screen; while own decisions are on their way, the station takes its own newest. */
  #seen(): number | null {
    return this.pending === 0 ? (this.run?.state.last_event_seq ?? null) : null;
  }

  #inTurn(ask: (id: string) => Promise<RunDetail>): Promise<void> {
    const id = this.run?.id;
    if (!id) return Promise.resolve();
    this.pending += 1;
    const turn = this.#last.then(() => ask(id));
    this.#last = turn.catch(() => undefined);
    return turn.then(
      (answer) => {
        this.pending -= 1;
        if (this.pending === 0 && this.run?.id === id) this.run = kept(this.run, answer);
      },
      async (thrown: unknown) => {
        this.pending -= 1;
        await this.load(id);
        throw thrown;
      },
    );
  }
}
