// The shapes that the station answers with: those generated from it, under one roof; and by hand what is not generated,
// or what a generated shape leaves open because it is kept as JSON.
import type { Bench as StationBench } from '../types/Bench';
import type { BelowFirst } from '../types/BelowFirst';
import type { Call } from '../types/Call';
import type { Distribution } from '../types/Distribution';
import type { FinalResults as StoredResults } from '../types/FinalResults';
import type { Person } from '../types/Person';
import type { RunDetail as StoredRun } from '../types/RunDetail';
import type { ShippedAssay } from '../types/ShippedAssay';
import type { SampleDetail as StoredSample } from '../types/SampleDetail';
import type { WellRole } from '../types/WellRole';

export type { Agreement } from '../types/Agreement';
export type { AssayCheck } from '../types/AssayCheck';
export type { AssayFault } from '../types/AssayFault';
export type { AssayLine } from '../types/AssayLine';
export type { AssayView } from '../types/AssayView';
export type { Attention } from '../types/Attention';
export type { AuditEntry } from '../types/AuditEntry';
export type { AuditFilter } from '../types/AuditFilter';
export type { BBox } from '../types/BBox';
export type { Call } from '../types/Call';
export type { CallFlag } from '../types/CallFlag';
export type { Change } from '../types/Change';
export type { Code } from '../types/Code';
export type { Decision } from '../types/Decision';
export type { Diagnostics } from '../types/Diagnostics';
export type { Dilution } from '../types/Dilution';
export type { Disposition } from '../types/Disposition';
export type { Distribution } from '../types/Distribution';
export type { Grid } from '../types/Grid';
export type { Health } from '../types/Health';
export type { Identity } from '../types/Identity';
export type { Image } from '../types/Image';
export type { InterfaceFile } from '../types/InterfaceFile';
export type { InterfacePreview } from '../types/InterfacePreview';
export type { InterfaceStatus } from '../types/InterfaceStatus';
export type { LayoutLine } from '../types/LayoutLine';
export type { Listed } from '../types/Listed';
export type { Meaning } from '../types/Meaning';
export type { ModelLine } from '../types/ModelLine';
export type { ModelSet } from '../types/ModelSet';
export type { Now } from '../types/Now';
export type { OfferedSet } from '../types/OfferedSet';
export type { Origin } from '../types/Origin';
export type { OutboxRecord } from '../types/OutboxRecord';
export type { Page } from '../types/Page';
export type { Person } from '../types/Person';
export type { PlateDrawing } from '../types/PlateDrawing';
export type { PlateFormat } from '../types/PlateFormat';
export type { PlateWell } from '../types/PlateWell';
export type { Reason } from '../types/Reason';
export type { ReasonCode } from '../types/ReasonCode';
export type { ReviewEvent } from '../types/ReviewEvent';
export type { RejectedLine } from '../types/RejectedLine';
export type { Role } from '../types/Role';
export type { RunFilter } from '../types/RunFilter';
export type { RunLine } from '../types/RunLine';
export type { RunOrder } from '../types/RunOrder';
export type { RunState } from '../types/RunState';
export type { RunStatus } from '../types/RunStatus';
export type { SettingLine } from '../types/SettingLine';
export type { ShippedAssay } from '../types/ShippedAssay';
export type { Signature } from '../types/Signature';
export type { Signed } from '../types/Signed';
export type { SyncPhase } from '../types/SyncPhase';
export type { SyncState } from '../types/SyncState';
export type { TemplateLine } from '../types/TemplateLine';
export type { Trial } from '../types/Trial';
export type { TrialChange } from '../types/TrialChange';
export type { TrialFailure } from '../types/TrialFailure';
export type { User } from '../types/User';
export type { Verified } from '../types/Verified';
export type { WellDetail } from '../types/WellDetail';
export type { WellRole } from '../types/WellRole';

export type Point = [number, number];

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

// What is kept as JSON, with its form.

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
export interface SeriesResult {
  series: string;
  role: WellRole;
  end_point: number | null;
  titre: number | null;
  log2: number | null;
  mic?: { relation: '=' | '<=' | '>'; concentration: number; unit: string } | null;
  flags: SeriesFlag[];
  rule: 'run' | 'strict' | 'highest' | 'mic';
}
export interface Statistics {
  series: number;
  below_first: number;
  below_first_as: BelowFirst;
  count: number;
  mean_log2: number | null;
  sd_log2: number | null;
  cv_percent: number | null;
  geometric_mean_titre: number | null;
  cut_off: number | null;
  share_at_or_above: number | null;
}
export interface FinalResults extends Omit<StoredResults, 'counts' | 'results'> {
  counts: Record<Call, number>;
  results: {
    series: SeriesResult[];
    classes: Record<string, number>;
    statistics: Statistics | null;
    validity_failures: string[];
    needs_review: boolean;
    review_reasons: string[];
  };
}
export interface RunDetail extends Omit<StoredRun, 'results'> {
  results: FinalResults | null;
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
export interface SampleDetail extends Omit<StoredSample, 'statistics'> {
  statistics: Statistics | null;
}
// What the window's own commands answer.

export interface FaultShape {
  code: string;
  message: string;
}
export interface StartState {
  kind: 'first-start' | 'ready' | 'broken';
  station: string | null;
  fault: FaultShape | null;
  person: Person | null;
  version: string;
  data_folder: string;
  idle_lock_min: number;
  can_keyring: boolean;
  /** Whether the database of this station is encrypted. */
  encrypted: boolean;
  /** The shipped assays, to choose from at the first start. */
  assays: ShippedAssay[];
  suggested_inbox: string;
  suggested_deliver: string;
  /** The run that a link from outside asks for, told to who has signed in. */
  open: string | null;
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
export interface Bench extends Omit<StationBench, 'latest'> {
  latest: RunDetail | null;
  service: 'running' | 'stopped' | 'failed';
  service_message: string | null;
  simulated: boolean;
  /** Pictures on their way. */
  queue: { waiting: number; working: number };
}
export interface NewPerson {
  username: string;
  password: string;
  first_name: string;
  last_name: string;
  email: string | null;
  roles: string[];
}
export interface TaskEvent {
  id: string;
  name: string;
  done: number;
  total: number | null;
  ended: { ok: unknown } | { fault: FaultShape } | null;
}
export interface ChangedEvent {
  what: 'run' | 'queue' | 'parts' | 'files' | 'settings' | 'people' | 'session' | 'service' | 'sync';
  id: string | null;
}
