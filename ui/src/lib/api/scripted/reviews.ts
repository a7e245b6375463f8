// What people decide about a run, and what holds after it.
import { Fault } from '../backend';
import type * as T from '../shapes';
import { CLASSES, resultsOf } from './plates';
import { event, hex, idOf, now } from './runs';

/** A run after somebody's decision about it; `read` is the run as it was before anybody's. */
export function reviewed(
  before: T.RunDetail,
  read: T.RunDetail,
  { change, reason }: { change: T.Change; reason: T.Reason },
  me: string,
): T.RunDetail {
  const run: T.RunDetail = structuredClone(before);
  const seq = run.state.last_event_seq + Math.max(1, run.events.length - run.state.last_event_seq + 1);
  const note = (decision: T.Decision) => {
    run.events.push({ ...event(seq, decision, me, reason.code), reason_text: reason.text });
    run.state.last_event_seq = seq;
  };
  if (typeof change === 'string') note({ kind: change });
  else if ('well' in change) {
    const { well, is } = change.well;
    const label = 'call' in is ? is.call : (CLASSES[is.class] ?? 'invalid');
    note({ kind: 'override', well, class: 'class' in is ? is.class : null, label });
  } else if ('identity' in change) {
    note({ kind: 'sample', ...change.identity });
  } else if ('undo' in change) {
    const target = run.events.find((one) => one.seq === change.undo.event && !one.undone);
    if (!target) throw new Fault({ code: 'refused', message: 'there is no such event that still holds' });
    target.undone = true;
    note({ kind: 'undo', event: target.seq });
  }
  settle(run, read);
  return run;
}

/** What holds after all events. */
function settle(run: T.RunDetail, read: T.RunDetail): void {
  const base = structuredClone(read);
  run.state.identity = base.state.identity;
  run.state.disposition = base.events.length > 0 ? 'to-review' : base.state.disposition;
  run.wells = base.wells;
  run.state.conflict = false;
  for (const one of run.events.filter((one) => !one.undone)) {
    const { decision } = one;
    if (decision.kind === 'accept') run.state.disposition = 'accepted';
    else if (decision.kind === 'reject') run.state.disposition = 'rejected';
    else if (decision.kind === 'sample') {
      const { kind: _, ...identity } = decision;
      run.state.identity = identity;
      if (run.state.disposition === 'waiting-sample') run.state.disposition = 'to-review';
    } else if (decision.kind === 'override') {
      const well = run.wells.find((known) => known.well === decision.well);
      if (!well) continue;
      well.final_class = decision.class ?? well.final_class;
      well.final_label = decision.label;
      well.review = {
        class: decision.class,
        label: decision.label,
        event: one.seq,
        actor: one.actor,
        reason_code: one.reason_code,
        reason_text: one.reason_text,
      };
    }
  }
  run.results = resultsOf(run.wells);
  for (const signature of run.signatures) signature.void = true;
  run.state.signed = run.signatures.length > 0 ? 'void' : '';
}

/** A run after somebody has signed it. */
export function signedBy(me: string, before: T.RunDetail, meaning: T.Meaning): T.RunDetail {
  const run = structuredClone(before);
  if (meaning === 'approved' && run.events.some((one) => one.actor === me && !one.undone)) {
    throw new Fault({
      code: 'refused',
      message: 'who reviewed or signed a run does not approve it: ask somebody else',
    });
  }
  run.signatures.push({
    id: idOf('sig', run.signatures.length + 900),
    user: me,
    username: me,
    meaning,
    at: now(),
    covers_seq: run.state.last_event_seq,
    content_hash: hex(run.seq, 5),
    void: false,
  });
  run.state.signed = meaning;
  return run;
}
