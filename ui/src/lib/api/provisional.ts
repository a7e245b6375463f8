// The shapes the station answers with, written by hand until the generated ones are there.

export type Call = 'positive' | 'negative' | 'invalid';
export type Role =
  'sample' | 'blank' | 'positive-control' | 'negative-control' | 'growth-control' | 'sterility-control' | 'unused';
export type Disposition = 'none' | 'waiting-sample' | 'to-review' | 'accepted' | 'rejected' | 'superseded';
export type RunStatus = 'pending' | 'processing' | 'completed' | 'failed';
export type Signed = '' | 'void' | 'performed' | 'reviewed' | 'approved';
export type Meaning = 'performed' | 'reviewed' | 'approved';
export type CallFlag = 'cut-off' | 'glare' | 'no-box' | 'several-boxes' | 'low-confidence';
export type SeriesFlag =
  | 'leading-gap'
  | 'skipped-well'
  | 'several-transitions'
  | 'invalid-in-run'
  | 'invalid-well'
  | 'no-valid-wells'
  | 'open-ended'
  | 'growth-control-failed'
  | 'sterility-control-failed';
export type InterfaceStatus = 'pending' | 'generated' | 'delivered' | 'failed';
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';
export type Permission =
  | 'run:read'
  | 'run:capture'
  | 'run:review'
  | 'run:sign'
  | 'run:approve'
  | 'interface:create'
  | 'user:admin'
  | 'config:write'
  | 'audit:read'
  | 'backup:create';

export interface Now {
  utc_ms: number;
  offset_min: number;
}
export interface Page {
  after: number | null;
  limit: number;
}
export interface Listed<T> {
  rows: T[];
  next: number | null;
}
export interface Identity {
  sample_no: string;
  submission_no: string;
  plate_no: string;
}
export interface Format {
  rows: number;
  cols: number;
}
export type Point = [number, number];

export interface Grid {
  format: Format;
  homography: number[];
  rms_residual_px: number;
  orientation: { known: boolean; by: string };
}
export interface BBox {
  xmin: number;
  ymin: number;
  xmax: number;
  ymax: number;
}
export interface Override {
  class: string | null;
  label: Call;
  event: number;
  actor: string;
  reason_code: string;
  reason_text: string;
}
export interface WellDetail {
  well: string;
  role: Role;
  center_px: Point;
  bbox: BBox;
  class: string;
  label: Call;
  confidence: number;
  probabilities: Record<string, number>;
  flags: CallFlag[];
  final_class: string;
  final_label: Call;
  review: Override | null;
}
export interface SeriesResult {
  series: string;
  role: Role;
  end_point: number | null;
  titre: number | null;
  log2: number | null;
  mic?: { relation: '=' | '<=' | '>'; concentration: number; unit: string } | null;
  flags: SeriesFlag[];
  rule: 'run' | 'strict' | 'highest' | 'mic';
}
export type Distribution = Record<string, number>;
export interface Statistics {
  series: number;
  below_first: number;
  below_first_as: 'half' | 'exclude';
  count: number;
  mean_log2: number | null;
  sd_log2: number | null;
  cv_percent: number | null;
  geometric_mean_titre: number | null;
  cut_off: number | null;
  share_at_or_above: number | null;
}
export interface FinalResults {
  counts: Record<Call, number>;
  distribution: Distribution;
  results: {
    series: SeriesResult[];
    classes: Record<string, number>;
    statistics: Statistics | null;
    validity_failures: string[];
    needs_review: boolean;
    review_reasons: string[];
  };
}
export type Decision =
  | { kind: 'override'; well: string; class: string | null; label: Call }
  | { kind: 'grid'; grid: unknown }
  | ({ kind: 'sample' } & Identity)
  | { kind: 'accept' }
  | { kind: 'reject' }
  | { kind: 'undo'; event: number };
export interface ReviewEvent {
  seq: number;
  id: string;
  decision: Decision;
  reason_code: string;
  reason_text: string;
  actor: string;
  user: string | null;
  at: Now;
  based_on_seq: number;
  conflict: boolean;
  undone: boolean;
}
export interface Signature {
  id: string;
  user: string;
  username: string;
  meaning: Meaning;
  at: Now;
  covers_seq: number;
  content_hash: string;
  void: boolean;
}
export interface Image {
  kind: 'raw' | 'annotated' | 'thumbnail';
  file_name: string;
  size: number;
  mime_type: string;
  width_px: number | null;
  height_px: number | null;
  sha256: string;
}
export interface RunState {
  status: RunStatus;
  disposition: Disposition;
  identity: Identity;
  needs_review: boolean;
  conflict: boolean;
  signed: Signed;
  last_event_seq: number;
  final_event_seq: number;
  distribution: string | null;
}
export interface RunDetail {
  seq: number;
  id: string;
  status: RunStatus;
  identity: Identity;
  description: string;
  predict_at: Now;
  image_sha256: string;
  assay: { id: string; version: number };
  models: { kind: string; name: string; version: string; sha256: string }[];
  app_version: string;
  plate_format: string;
  grid: Grid | null;
  scale: {
    dilution?: { start: number; fold: number };
    concentration?: { start: number; fold: number; unit: string };
    below_first?: string;
    cut_off?: number | null;
  } | null;
  needs_review: boolean;
  review_reasons: string[];
  processing_time_ms: number | null;
  confidence_threshold: number | null;
  supersedes: string | null;
  error_code: string | null;
  error_msg: string | null;
  created_by: string | null;
  state: RunState;
  wells: WellDetail[];
  results: FinalResults | null;
  events: ReviewEvent[];
  signatures: Signature[];
  images: Image[];
  file_name: string | null;
}
export interface RunLine extends Identity {
  seq: number;
  run_id: string;
  status: RunStatus;
  disposition: Disposition;
  assay_id: string;
  predict_at: Now;
  needs_review: boolean;
  conflict: boolean;
  signed: Signed;
  last_event_seq: number;
  distribution: string | null;
  image_sha256: string;
  file_name: string | null;
  error_msg: string | null;
}
export interface RunFilter {
  text?: string | null;
  status?: RunStatus | null;
  disposition?: Disposition | null;
  sample_no?: string | null;
  needs_review?: boolean | null;
  assay?: string | null;
  from_ms?: number | null;
  to_ms?: number | null;
}
export interface SampleSummary {
  sample_no: string;
  distribution: Distribution;
  statistics: Statistics | null;
  total_runs: number;
  counted_runs: number;
  last_run_at_ms: number | null;
  last_run: string | null;
  last_run_seq: number;
}
export interface InterfaceFile {
  seq: number;
  id: string;
  sample_no: string;
  template: string;
  revision: number;
  target: string;
  test_no: string;
  file_name: string;
  file_path: string;
  size: number | null;
  sha256: string | null;
  status: InterfaceStatus;
  created: Now;
  generated_at_ms: number | null;
  delivered_at_ms: number | null;
  error_msg: string | null;
  attempts: number;
  next_try_ms: number | null;
}
export interface SampleDetail extends SampleSummary {
  counted: string[];
  runs: RunLine[];
  interface_files: InterfaceFile[];
}
export interface Health {
  service: string;
  status: HealthStatus;
  message: string;
  at_ms: number;
}

export interface FaultShape {
  code: string;
  message: string;
}
export interface Person {
  username: string;
  name: string;
  roles: string[];
  permissions: Permission[];
}
export interface StartState {
  kind: 'first-start' | 'ready' | 'broken';
  station: string | null;
  fault: FaultShape | null;
  person: Person | null;
  version: string;
  data_folder: string;
  idle_lock_min: number;
  /** Left out where the station has not asked; a keyring is then taken to be there. */
  can_keyring?: boolean;
  locale?: string | null;
  theme?: string | null;
}
export interface FirstStart {
  station: string;
  inbox: string;
  deliver: string | null;
  assay: string;
  admin: string;
  password: string;
  simulated: boolean;
  encryption: { kind: 'keyring' } | { kind: 'key-file'; path: string } | { kind: 'none' };
}
export type Attention =
  | { kind: 'part'; part: string; status: HealthStatus; message: string }
  | { kind: 'waiting-sample'; runs: number }
  | { kind: 'to-review'; runs: number }
  | { kind: 'failed'; runs: number }
  | { kind: 'interface-failed'; files: number };
export interface Bench {
  inbox: string | null;
  inbox_online: boolean;
  parts: Health[];
  runs: [Disposition, number][];
  latest: RunDetail | null;
  recent: RunLine[];
  next_plates: Identity[];
  attention: Attention[];
  service: 'running' | 'stopped' | 'failed';
  service_message: string | null;
  simulated: boolean;
  /** Pictures on their way, where the service tells. */
  queue?: { waiting: number; working: number };
}
export type Change =
  | { well: { well: string; is: { class: string } | { call: Call } } }
  | { identity: Identity }
  | 'accept'
  | 'reject'
  | { undo: { event: number } };
export interface Reason {
  code: string;
  text: string;
}
export interface User {
  id: string;
  username: string;
  email: string | null;
  first_name: string;
  last_name: string;
  is_active: boolean;
  roles: string[];
  last_login_ms: number | null;
  verifier_expires_ms: number | null;
  failed_logins: number;
  locked_until_ms: number | null;
}
export interface NewPerson {
  username: string;
  password: string;
  first_name: string;
  last_name: string;
  email: string | null;
  roles: string[];
}
export interface RoleLine {
  name: string;
  description: string;
  permissions: Permission[];
}
export interface InterfaceFormat {
  name: string;
  format: string;
  is_for_machines: boolean;
}
export interface Preview {
  file_name: string;
  media_type: string;
  text: string | null;
  base64: string | null;
}
export interface OutboxRecord {
  seq: number;
  kind: string;
  schema_version: number;
  payload: string;
  hash: string;
  actor: string;
  at: Now;
}
export interface OutboxState {
  pending: number;
  oldest_ms: number | null;
  rejected: number;
  last_success_ms: number | null;
  enrolled: boolean;
}
export interface AssayLine {
  id: string;
  version: number;
  name: string;
  format: string;
  active: boolean;
  origin: string;
  created: Now;
}
export interface PlateWell {
  well: string;
  role: Role;
  series: string | null;
  step: number | null;
}
export interface PlateDrawing {
  format: Format;
  wells: PlateWell[];
}
export interface AssayView {
  line: AssayLine;
  text: string;
  plate: PlateDrawing;
  classes: Record<string, Call>;
}
export interface AssayCheck {
  ok: boolean;
  faults: { line: number | null; message: string }[];
  plate: PlateDrawing | null;
}
export interface ModelLine {
  name: string;
  version: string;
  kind: string;
  sha256: string;
  card: string;
  active: boolean;
  agreement: { wells: number; agreed: number } | null;
}
export interface TrialChange {
  run_id: string;
  sample_no: string;
  plate_no: string;
  well: string;
  now: string;
  then: string;
}
export interface AuditFilter {
  resource?: string | null;
  resource_id?: string | null;
  user?: string | null;
}
export interface AuditEntry {
  seq: number;
  id: string;
  user_id: string | null;
  action: string;
  resource: string;
  resource_id: string;
  details: unknown;
  at: Now;
  old: unknown;
  new: unknown;
  why: string;
  hash: string;
}
export interface Verified {
  ok: boolean;
  findings: { check: string; place: string; what: string }[];
  more: number;
  runs: number;
  audit_entries: number;
  outbox_records: number;
  blobs: number;
  orphan_blobs: number;
  mended: number;
  audit_head: { seq: number; hash: string } | null;
}
export interface Setting {
  name: string;
  value: unknown;
  default: unknown;
}
export interface Diagnostics {
  versions: Record<string, string>;
  paths: Record<string, string>;
  sizes: Record<string, number>;
  health: Health[];
  threads: string[];
}
export interface TaskEvent {
  id: string;
  name: string;
  done: number;
  total: number | null;
  ended: { ok: unknown } | { fault: FaultShape } | null;
}
export interface ChangedEvent {
  what: 'run' | 'queue' | 'parts' | 'files' | 'settings' | 'people' | 'session' | 'service';
  id: string | null;
}
