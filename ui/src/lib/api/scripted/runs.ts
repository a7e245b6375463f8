import type {
  Disposition,
  Health,
  Identity,
  Image,
  Now,
  ReviewEvent,
  RunDetail,
  RunLine,
  RunState,
  Signature,
} from '../shapes';
import { chance } from './chance';
import { FORMAT, PICTURE, gridOf, resultsOf, wellsOf } from './plates';

/** The moment at which every scripted station stands still: 21 November 2026, ten in the morning, UTC. */
export const NOW_MS = Date.UTC(2026, 10, 21, 3, 0);
export const OFFSET_MIN = 7 * 60;
const PLATE_EVERY_MS = 7 * 60_000;

export const now = (ms = NOW_MS): Now => ({ utc_ms: ms, offset_min: OFFSET_MIN });
export const hex = (n: number, salt = 0): string => {
  const draw = chance(n * 31 + salt);
  const digits = Array.from({ length: 56 }, () => Math.floor(draw() * 16).toString(16)).join('');
  return n.toString(16).padStart(8, '0') + digits;
};
export const idOf = (kind: string, n: number): string =>
  `01a1ff89-${kind.padEnd(4, '0').slice(0, 4)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
export const seqOf = (id: string): number => Number.parseInt(id.slice(-12), 16);
export const doubtfulIn = (seq: number): number => [0, 3, 0, 5, 2, 0, 0, 4][seq % 8] ?? 0;

const SAMPLES = ['AIV-26-0412', 'NDV-26-1107', 'IBV-26-0933', 'AIV-26-0418', 'EDS-26-0077'];

export function identityOf(seq: number): Identity {
  const name = SAMPLES[Math.floor(seq / 4) % SAMPLES.length] ?? 'S';
  const batch = Math.floor(seq / 20);
  if (seq % 37 === 5) return { sample_no: '', submission_no: '', plate_no: '' };
  return {
    sample_no: batch === 0 ? name : `${name}-${batch}`,
    submission_no: `T${1 + (Math.floor(seq / 20) % 9)}`,
    plate_no: String(1 + (seq % 4)),
  };
}

function dispositionOf(seq: number, total: number): Disposition {
  if (seq % 29 === 7) return 'none';
  if (seq % 37 === 5) return 'waiting-sample';
  if (total - seq < 9) return doubtfulIn(seq) > 0 || seq % 3 === 0 ? 'to-review' : 'accepted';
  if (seq % 23 === 3) return 'rejected';
  if (seq % 41 === 11) return 'superseded';
  return 'accepted';
}

/** A line of the list, made from its place alone, so that a hundred thousand cost nothing. */
export function lineOf(seq: number, total: number): RunLine {
  const failed = seq % 29 === 7;
  const disposition = dispositionOf(seq, total);
  const identity = identityOf(seq);
  return {
    seq,
    run_id: idOf('run', seq),
    status: failed ? 'failed' : 'completed',
    disposition,
    ...identity,
    assay_id: 'hi',
    predict_at: now(NOW_MS - (total - seq) * PLATE_EVERY_MS - 90_000),
    needs_review: !failed && doubtfulIn(seq) > 0,
    conflict: seq % 67 === 13,
    signed: disposition === 'accepted' && seq % 2 === 0 ? (seq % 4 === 0 ? 'approved' : 'reviewed') : '',
    last_event_seq: 0,
    distribution: failed ? '' : '{}',
    image_sha256: hex(seq),
    file_name: `capture_${identity.sample_no || 'unnamed'}_${seq}_20261121_${String(90_000 + (seq % 9999))}.jpg`,
    error_msg: failed ? 'No plate was found in the picture: check that it lies under the camera.' : null,
  };
}

function imagesOf(seq: number): Image[] {
  const image = (kind: Image['kind'], salt: number, width: number, height: number): Image => ({
    kind,
    file_name: `capture_${seq}.${kind}.jpg`,
    file_path: `blobs/${hex(seq, salt).slice(0, 2)}/${hex(seq, salt).slice(2)}`,
    size: kind === 'thumbnail' ? 19_576 : 501_427,
    mime_type: 'image/jpeg',
    width_px: width,
    height_px: height,
    sha256: hex(seq, salt),
  });
  return [image('raw', 0, PICTURE.width, PICTURE.height), image('thumbnail', 0, 320, 224)];
}

export function detailOf(seq: number, total: number): RunDetail {
  const line = lineOf(seq, total);
  const failed = line.status === 'failed';
  const wells = failed ? [] : wellsOf(seq, doubtfulIn(seq));
  const { sample_no, submission_no, plate_no } = line;
  const identity = { sample_no, submission_no, plate_no };
  const state: RunState = {
    status: line.status,
    disposition: line.disposition,
    identity,
    needs_review: line.needs_review,
    conflict: line.conflict,
    signed: line.signed,
    last_event_seq: 0,
    final_event_seq: 0,
    distribution: line.distribution,
  };
  return {
    seq,
    id: line.run_id,
    status: line.status,
    tries: 1,
    identity,
    description: '',
    predict_at: line.predict_at,
    image_sha256: line.image_sha256,
    assay: { id: 'hi', version: 1 },
    models: MODELS,
    app_version: '0.1.0',
    plate_format: '96',
    grid: failed ? null : gridOf(seq),
    scale: { dilution: { start: 2, fold: 2 }, below_first: 'half', cut_off: 16 },
    needs_review: line.needs_review,
    review_reasons: [],
    processing_time_ms: 412,
    confidence_threshold: 0.8,
    supersedes: null,
    error_code: failed ? 'no-plate' : null,
    error_msg: line.error_msg,
    created_by: null,
    intake: null,
    reading_key: null,
    content_sha256: failed ? null : hex(seq, 6),
    state,
    wells,
    results: failed ? null : { ...resultsOf(wells) },
    events: firstEvents(seq, line.disposition),
    signatures: firstSignatures(line),
    images: imagesOf(seq),
    file_name: line.file_name,
  };
}

const MODELS = [
  { kind: 'locator', name: 'wellread-locator', version: '0.2.0', sha256: hex(901) },
  { kind: 'well-classifier', name: 'wellread-wells', version: '0.2.0', sha256: hex(902) },
];

export function event(seq: number, decision: ReviewEvent['decision'], actor: string, code: string): ReviewEvent {
  return {
    seq,
    id: idOf('evt', seq),
    decision,
    reason_code: code,
    reason_text: '',
    actor,
    user: actor,
    at: now(NOW_MS - 60_000 + seq * 1000),
    based_on_seq: seq - 1,
    conflict: false,
    undone: false,
  };
}

function firstEvents(seq: number, disposition: Disposition): ReviewEvent[] {
  if (disposition === 'accepted') return [event(1, { kind: 'accept' }, 'anong', 'confirmed')];
  if (disposition === 'rejected') return [event(1, { kind: 'reject' }, 'somchai', 'handling')];
  return seq % 67 === 13 ? [event(1, { kind: 'reject' }, 'somchai', 'repeat')] : [];
}

function firstSignatures(line: RunLine): Signature[] {
  if (line.signed === '' || line.signed === 'void') return [];
  return [
    {
      id: idOf('sig', line.seq),
      user: 'somchai',
      username: 'somchai',
      meaning: line.signed,
      at: line.predict_at,
      covers_seq: 1,
      content_hash: hex(line.seq, 5),
      void: false,
    },
  ];
}

export const HEALTH: Health[] = [
  { service: 'delivery', status: 'healthy', message: '', at_ms: NOW_MS - 40_000 },
  { service: 'disk', status: 'healthy', message: '', at_ms: NOW_MS - 400_000 },
  { service: 'inbox', status: 'healthy', message: '', at_ms: NOW_MS - 20_000 },
  { service: 'intake', status: 'healthy', message: '', at_ms: NOW_MS - 20_000 },
];

export { FORMAT };
