// What the station's closed names are called in the user's language. A name that is not known here, such as a
// laboratory's own class, is shown as it is.
import type { Code, Permission, ReasonCode, SeriesResult } from './api/shapes';
import * as format from './format';
import { m } from './paraglide/messages';

type Words = Record<string, () => string>;

const from =
  (words: Words) =>
  (name: string): string =>
    words[name]?.() ?? name;

export const className = from({
  teardrop: m.class_teardrop,
  button: m.class_button,
  ring: m.class_ring,
  mat: m.class_mat,
  empty: m.class_empty,
  growth: m.class_growth,
  'no-growth': m.class_no_growth,
  coloured: m.class_coloured,
  clear: m.class_clear,
});

export const callName = from({
  positive: m.call_positive,
  negative: m.call_negative,
  invalid: m.call_invalid,
});

export const roleName = from({
  sample: m.role_sample,
  blank: m.role_blank,
  'positive-control': m.role_positive_control,
  'negative-control': m.role_negative_control,
  'growth-control': m.role_growth_control,
  'sterility-control': m.role_sterility_control,
  unused: m.role_unused,
});

export const flagName = from({
  'cut-off': m.flag_cut_off,
  glare: m.flag_glare,
  'no-box': m.flag_no_box,
  'several-boxes': m.flag_several_boxes,
  'low-confidence': m.flag_low_confidence,
});

export const seriesFlag = from({
  'leading-gap': m.series_leading_gap,
  'skipped-well': m.series_skipped_well,
  'several-transitions': m.series_several_transitions,
  'invalid-in-run': m.series_invalid_in_run,
  'invalid-well': m.series_invalid_well,
  'no-valid-wells': m.series_no_valid_wells,
  'open-ended': m.series_open_ended,
  'growth-control-failed': m.series_growth_control_failed,
  'sterility-control-failed': m.series_sterility_control_failed,
});

export const ruleName = from({
  run: m.rule_run,
  strict: m.rule_strict,
  highest: m.rule_highest,
  mic: m.rule_mic,
});

export const dispositionName = from({
  none: m.disposition_none,
  'waiting-sample': m.disposition_waiting_sample,
  'to-review': m.disposition_to_review,
  accepted: m.disposition_accepted,
  rejected: m.disposition_rejected,
  superseded: m.disposition_superseded,
});

export const statusName = from({
  pending: m.status_pending,
  processing: m.status_processing,
  completed: m.status_completed,
  failed: m.status_failed,
});

export const signedName = from({
  '': m.none,
  void: m.signed_void,
  performed: m.signed_performed,
  reviewed: m.signed_reviewed,
  approved: m.signed_approved,
});

export const meaningName = from({
  performed: m.meaning_performed,
  reviewed: m.meaning_reviewed,
  approved: m.meaning_approved,
});

const REASONS = {
  confirmed: m.reason_confirmed,
  misread: m.reason_misread,
  artefact: m.reason_artefact,
  contamination: m.reason_contamination,
  handling: m.reason_handling,
  control: m.reason_control,
  'wrong-number': m.reason_wrong_number,
  'wrong-grid': m.reason_wrong_grid,
  repeat: m.reason_repeat,
  mistake: m.reason_mistake,
  other: m.reason_other,
} satisfies Record<ReasonCode, () => string>;

/** Why somebody decided something, in the order in which it is offered. */
export const REASON_CODES = Object.keys(REASONS) as ReasonCode[];

export const reasonName = from(REASONS);

export const fileStatus = from({
  pending: m.file_pending,
  generated: m.file_generated,
  delivered: m.file_delivered,
  failed: m.file_failed,
});

export const formatName = from({
  labware: m.format_labware,
  detailed: m.format_detailed,
  summary: m.format_summary,
  hl7: m.format_hl7,
  astm: m.format_astm,
  xlsx: m.format_xlsx,
  pdf: m.format_pdf,
});

export const healthName = from({
  healthy: m.health_healthy,
  degraded: m.health_degraded,
  unhealthy: m.health_unhealthy,
});

export const partName = from({
  inbox: m.part_inbox,
  delivery: m.part_delivery,
  disk: m.part_disk,
  intake: m.part_intake,
  models: m.part_models,
  sync: m.sync_hub,
});

export const orgRoleName = from({
  admin: m.orole_admin,
  supervisor: m.orole_supervisor,
  operator: m.orole_operator,
  viewer: m.orole_viewer,
});

const RIGHT_WORDS: Words = {
  'run:read': m.right_run_read,
  'run:capture': m.right_run_capture,
  'run:review': m.right_run_review,
  'run:sign': m.right_run_sign,
  'run:approve': m.right_run_approve,
  'interface:create': m.right_interface_create,
  'user:admin': m.right_user_admin,
  'config:write': m.right_config_write,
  'audit:read': m.right_audit_read,
  'backup:create': m.right_backup_create,
};

/** What a role may allow at a station; headquarters know others, which mean nothing here. */
export const RIGHTS = Object.keys(RIGHT_WORDS) as Permission[];

export const rightName = from(RIGHT_WORDS);

export const taskName = from({
  verify: m.task_verify,
  backup: m.task_backup,
  restore: m.task_restore,
  trial: m.task_trial,
  bundle: m.task_bundle,
});

export const outboxKind = from({
  run: m.outbox_run,
  'run-state': m.outbox_run_state,
  'run-failed': m.outbox_run_failed,
  rejection: m.outbox_rejection,
  review: m.outbox_review,
  signature: m.outbox_signature,
  'interface-file': m.outbox_file,
  user: m.outbox_user,
  config: m.outbox_config,
  layout: m.outbox_layout,
  assay: m.fact_assay,
});

const REJECTED: Words = {
  'schema-newer': m.rejected_newer,
  'kind-unknown': m.rejected_newer,
  'schema-too-old': m.rejected_too_old,
  'run-differs': m.rejected_run_differs,
};

/** What to do about a record that headquarters put aside. */
export const rejectedSentence = (code: string): string => (REJECTED[code] ?? m.rejected_other)();

/** Who made a record: a person by their account, or the program itself. */
export const actorName = (actor: string): string => (actor === '' || actor === 'station' ? m.the_program() : actor);

const SHIPPED_ASSAYS: Words = {
  hi: m.assay_hi,
  ha: m.assay_ha,
  mic: m.assay_mic,
  qualitative: m.assay_qualitative,
};

/** What people call an assay: the shipped ones in their language, a laboratory's own as it named them. */
export const assayName = (line: { id: string; name: string; shipped: boolean }): string =>
  (line.shipped && SHIPPED_ASSAYS[line.id]?.()) || line.name;

export const modelKind = from({
  locator: m.kind_locator,
  'well-classifier': m.kind_classifier,
  landmark: m.kind_landmark,
  detector: m.kind_detector,
});

export const auditAction = from({
  LOGIN: m.audit_login,
  LOGIN_FAILED: m.audit_login_failed,
  RUN: m.audit_run,
  REVIEW: m.audit_review,
  SIGN: m.audit_sign,
  DELIVER: m.audit_deliver,
  CONFIG: m.audit_config,
});

export const auditResource = from({
  prediction_run: m.outbox_run,
  signature: m.outbox_signature,
  interface_file: m.outbox_file,
  users: m.outbox_user,
  roles: m.person_roles,
  system_config: m.outbox_config,
  login: m.sign_in,
  assay: m.fact_assay,
});

export const diagnosticName = from({
  data: m.data_folder,
  inbox: m.part_inbox,
  deliver: m.set_deliver_folder,
  logs: m.logs,
  database: m.diag_database,
  pictures: m.diag_pictures,
  free: m.diag_free,
});

/** Why somebody may not, for a control that is disabled. */
export const whyNot = (permission: Permission): string => m.why_no_permission({ what: rightName(permission) });

const FAULTS = {
  'not-permitted': m.fault_not_permitted,
  'login-failed': m.fault_login_failed,
  'locked-out': m.fault_locked_out,
  'login-expired': m.fault_login_expired,
  'not-found': m.fault_not_found,
  invalid: m.fault_invalid,
  refused: m.fault_refused,
  'in-use': m.fault_in_use,
  'data-folder': m.fault_data_folder,
  key: m.fault_key,
  'disk-full': m.fault_disk_full,
  busy: m.fault_busy,
  offline: m.fault_offline,
  damaged: m.fault_damaged,
  'read-only': m.fault_read_only,
  cancelled: m.fault_cancelled,
  locked: m.fault_locked,
} satisfies Record<Code | 'locked', () => string>;

const UNREAD: Words = {
  'no-plate': m.unread_no_plate,
  'plate-cut-off': m.unread_cut_off,
  'plate-ambiguous': m.unread_ambiguous,
  truncated: m.unread_damaged,
  damaged: m.unread_damaged,
  'empty-file': m.unread_damaged,
  'too-large': m.unread_too_large,
  unsupported: m.unread_unsupported,
  'not-an-image': m.unread_unsupported,
  'wrong-format': m.unread_wrong_format,
  'unknown-class': m.unread_unknown_class,
};

/** Why a picture could not be read, and what to do; of the rest the record's own words say more. */
export const unreadSentence = (code: string | null): string =>
  (UNREAD[code ?? ''] ?? (/model|manifest|onnx/.test(code ?? '') ? m.unread_model : m.read_failed))();

/** What happened and what to do next. A code that is not known here is as unexpected as `unknown` itself. */
export const faultSentence = (code: string): string => ((FAULTS as Words)[code] ?? m.fault_unknown)();

export const isUnforeseen = (code: string): boolean => !(code in FAULTS);

/** A series' result in one word; `start` is the reciprocal of the first dilution. */
export function seriesLabel(series: SeriesResult, start?: number): string {
  if (series.mic) {
    const sign = { '=': '', '<=': '≤', '>': '>' }[series.mic.relation];
    return `${sign}${format.plain(series.mic.concentration)} ${series.mic.unit}`;
  }
  if (series.titre !== null) {
    return `${series.flags.includes('open-ended') ? '≥' : ''}${format.titre(series.titre)}`;
  }
  const below = series.end_point === 0 && series.rule !== 'mic';
  if (!below) return m.titre_none();
  return start === undefined ? m.titre_below() : `<${format.titre(start)}`;
}

/** Whose plate it is, in one line. */
export function plateName(of: { sample_no: string; plate_no: string }): string {
  if (!of.sample_no) return m.plate_unnamed();
  return of.plate_no ? m.plate_of({ sample: of.sample_no, plate: of.plate_no }) : of.sample_no;
}
