// What a scripted station knows beside its plates.
import { corners as cornersOf, gridThrough } from '../../plate/geometry';
import { Fault } from '../backend';
import type * as T from '../shapes';
import type { Handlers } from './station';
import { FORMAT, HEALTH, NOW_MS, hex, idOf, identityOf, now } from './runs';

const ALL: T.Permission[] = [
  'audit:read',
  'backup:create',
  'config:write',
  'interface:create',
  'run:approve',
  'run:capture',
  'run:read',
  'run:review',
  'run:sign',
  'user:admin',
];
const without = (...gone: T.Permission[]) => ALL.filter((one) => !gone.includes(one));

export const ROLES: T.Role[] = [
  { name: 'admin', description: 'Runs the station and its accounts', permissions: ALL, origin: 'station' },
  {
    name: 'supervisor',
    description: 'Reviews, signs and approves',
    permissions: without('backup:create', 'config:write', 'user:admin'),
    origin: 'station',
  },
  {
    name: 'operator',
    description: 'Captures, reviews and signs',
    permissions: ['interface:create', 'run:capture', 'run:read', 'run:review', 'run:sign'],
    origin: 'station',
  },
  { name: 'viewer', description: 'Looks only', permissions: ['run:read'], origin: 'station' },
];

export const user = (person: T.NewPerson, n: number): T.User => ({
  id: idOf('user', n),
  username: person.username,
  email: person.email,
  first_name: person.first_name,
  last_name: person.last_name,
  is_active: true,
  roles: person.roles,
  last_login_ms: null,
  verifier_expires_ms: null,
  failed_logins: 0,
  locked_until_ms: null,
  origin: 'station',
  offline_days: null,
});

export function people(): T.User[] {
  const make = (n: number, username: string, first_name: string, last_name: string, role: string, ageMin: number) => ({
    ...user({ username, password: '', first_name, last_name, email: null, roles: [role] }, n),
    last_login_ms: NOW_MS - ageMin * 60_000,
  });
  return [
    make(1, 'anong', 'Anong', 'Srisai', 'admin', 4),
    make(2, 'somchai', 'Somchai', 'Prasert', 'supervisor', 190),
    { ...make(3, 'maria', 'Maria', 'Lindqvist', 'operator', 26), origin: 'hub', offline_days: 30 },
    {
      ...make(4, 'kittipong', 'Kittipong', 'Wongsawat', 'operator', 3000),
      failed_logins: 5,
      locked_until_ms: NOW_MS + 600_000,
    },
    make(5, 'visitor', 'Guest', 'Auditor', 'viewer', 20_000),
    { ...make(6, 'oldhand', 'Per', 'Andersen', 'operator', 400_000), is_active: false },
  ];
}

export function parseScan(text: string): T.Identity {
  const [sample = '', submission = '', plate = ''] = text.split(/[,|]/).map((part) => part.trim());
  if (!sample) throw new Fault({ code: 'invalid', message: `'${text}' names no sample: scan sample,submission,plate` });
  return { sample_no: sample, submission_no: submission, plate_no: plate };
}

export function previewGrid(run: T.RunDetail, corners: T.Point[]): T.Grid {
  const old = run.grid ? cornersOf(run.grid) : corners;
  const moved = corners.reduce((sum, [x, y], n) => sum + Math.hypot(x - (old[n]?.[0] ?? x), y - (old[n]?.[1] ?? y)), 0);
  return {
    format: FORMAT,
    homography: gridThrough(FORMAT, corners),
    rms_residual_px: 1.1 + moved / 40,
    orientation: { known: true, by: 'calibration' },
  };
}

export function counts(total: number, line: (seq: number) => T.RunLine): [T.Disposition, number][] {
  const found = new Map<T.Disposition, number>();
  // A hundred thousand lines are counted by the first thousand, which is near enough for a script.
  const looked = Math.min(total, 1000);
  for (let seq = total; seq > total - looked; seq -= 1) {
    const { disposition } = line(seq);
    found.set(disposition, (found.get(disposition) ?? 0) + 1);
  }
  return [...found].map(([name, n]) => [name, Math.round((n * total) / looked)]);
}

export const FORMATS: T.TemplateLine[] = [
  { name: 'labware', format: 'labware', is_for_machines: true },
  { name: 'detailed', format: 'detailed', is_for_machines: true },
  { name: 'hl7', format: 'hl7', is_for_machines: true },
  { name: 'astm', format: 'astm', is_for_machines: true },
  { name: 'xlsx', format: 'xlsx', is_for_machines: false },
  { name: 'pdf', format: 'pdf', is_for_machines: false },
];

export function preview(sample: string, template: string, ends: number[]): T.InterfacePreview {
  if (template === 'pdf' || template === 'xlsx') {
    return {
      file_name: `${sample}.${template}`,
      media_type: `application/${template}`,
      text: null,
      base64: '',
    };
  }
  const rows = ends.map((end, n) => `${sample},1,${String.fromCharCode(65 + n)},${end},${end ? 2 ** end : '<2'}`);
  return {
    file_name: `interface_${sample}_20261121_100002.csv`,
    media_type: 'text/csv',
    text: ['sample_no,plate_no,series,end_point,titre', ...rows].join('\r\n'),
    base64: null,
  };
}

const KINDS = ['run', 'review', 'signature', 'interface-file', 'run', 'config', 'run-failed', 'user', 'rejection'];

export function outbox(page: T.Page): T.Listed<T.OutboxRecord> {
  const last = 1840;
  const from = Math.min(last, (page.after ?? last + 1) - 1);
  const rows = Array.from({ length: Math.max(0, Math.min(page.limit, from)) }, (_, n) => {
    const seq = from - n;
    const kind = KINDS[seq % KINDS.length] ?? 'run';
    return {
      seq,
      kind,
      schema_version: 1,
      payload: JSON.stringify({ run_id: idOf('run', seq), sample_no: 'AIV-26-0412', plate_no: '1' }),
      hash: hex(seq, 17),
      actor: ['review', 'signature', 'config', 'user'].includes(kind) ? 'anong' : 'station',
      at: now(NOW_MS - (last - seq) * 140_000),
    };
  });
  return { rows, next: from - rows.length > 0 ? (rows[rows.length - 1]?.seq ?? null) : null };
}

export function models(): T.ModelSet[] {
  const card =
    '# wellread-wells\n\nTells the classes of haemagglutination wells from crops of 64 pixels.\n\n' +
    '## Made from\n\nRendered plates with known truth; no photograph of a patient sample.\n\n' +
    '## Agreement\n\nOn a simulated hold-out of 9 600 wells: 99.6 %.';
  const make = (name: string, kind: string, version: string): T.ModelLine => ({
    name,
    version,
    kind,
    sha256: hex(name.length * 7 + version.length, 21),
    license: 'Apache-2.0',
    card,
  });
  const set = (id: string, folder: string, version: string, agreed: number | null): T.ModelSet => ({
    id,
    active: id === '',
    folder,
    models: [
      make('wellread-wells', 'well-classifier', version),
      make('wellread-locator', 'locator', '0.2.0'),
      make('wellread-landmarks', 'landmark', '0.2.0'),
    ],
    agreement: agreed === null ? null : { runs: 400, wells: 38_400, agreed },
    offered: null,
  });
  return [
    set('', 'C:\\Program Files\\Wellread\\models', '0.2.0', 38_246),
    {
      ...set('4f1c09aa72be5d10', 'C:\\ProgramData\\Wellread\\models\\4f1c09aa72be5d10', '0.3.0', null),
      offered: { name: 'Autumn 2026', note: 'Better with weak rings; tried at six laboratories.', withdrawn: false },
    },
  ];
}

export function trial(runs: number): T.Trial {
  const WELLS = ['B7', 'C3', 'F11', 'F12', 'A9'];
  const changed = WELLS.map((well, n): T.TrialChange => {
    const run = 411 - Math.floor(n / 2);
    const { sample_no, plate_no } = identityOf(run);
    const [class_after, call_after] =
      n % 2 === 0 ? (['button', 'negative'] as const) : (['teardrop', 'positive'] as const);
    const before = { class_before: 'ring', call_before: 'negative' } as const;
    return { run_id: idOf('run', run), sample_no, plate_no, well, ...before, class_after, call_after };
  });
  const failed = [{ run_id: idOf('run', 384), why: 'No plate was found in the picture.' }];
  return { runs, wells: (runs - failed.length) * 96, classes_changed: 5, calls_changed: 2, changed, more: 0, failed };
}

const ACTIONS: [string, string, string][] = [
  ['LOGIN', 'login', ''],
  ['RUN', 'prediction_run', ''],
  ['REVIEW', 'prediction_run', 'misread'],
  ['SIGN', 'signature', ''],
  ['DELIVER', 'interface_file', ''],
  ['CONFIG', 'system_config', 'entered for the next plate'],
];

export function auditTrail(): T.AuditEntry[] {
  return Array.from({ length: 900 }, (_, n): T.AuditEntry => {
    const seq = 900 - n;
    const [action, resource, why] = ACTIONS[seq % ACTIONS.length] ?? ['RUN', 'prediction_run', ''];
    const changed = action === 'REVIEW';
    const username = action === 'RUN' || action === 'DELIVER' ? null : seq % 2 ? 'anong' : 'somchai';
    return {
      seq,
      id: idOf('aud', seq),
      user_id: username,
      username,
      action,
      resource,
      resource_id: idOf('run', seq),
      details: {},
      at: now(NOW_MS - n * 93_000),
      old: changed ? { class: 'ring', label: 'negative' } : null,
      new: changed ? { class: 'button', label: 'negative' } : { status: 'completed' },
      why,
      hash: hex(seq, 23),
    };
  });
}

export function auditPage(all: T.AuditEntry[], filter: T.AuditFilter, page: T.Page): T.Listed<T.AuditEntry> {
  const wanted = all.filter(
    (entry) =>
      entry.seq < (page.after ?? Infinity) &&
      (!filter.resource || entry.resource === filter.resource) &&
      (!filter.resource_id || entry.resource_id === filter.resource_id) &&
      (!filter.user || entry.user_id === filter.user),
  );
  const rows = wanted.slice(0, page.limit);
  return { rows, next: wanted.length > rows.length ? (rows[rows.length - 1]?.seq ?? null) : null };
}

export const VERIFIED: T.Verified = {
  ok: true,
  findings: [],
  more: 0,
  runs: 412,
  audit_entries: 900,
  outbox_records: 1840,
  blobs: 1236,
  orphan_blobs: 0,
  mended: 0,
  audit_head: { seq: 900, hash: hex(900, 23) },
};

export function settings(): T.SettingLine[] {
  const make = (name: string, value: unknown, fallback: unknown = value): T.SettingLine => ({
    name,
    value,
    default: fallback,
    origin: 'station',
  });
  const theirs = (line: T.SettingLine): T.SettingLine => ({ ...line, origin: 'hub' });
  return [
    make('assay', 'hi'),
    make('intake.inbox', 'D:\\camera', null),
    make('intake.sub_folders', false),
    make('intake.watch_by', 'auto'),
    make('intake.rest_ms', 1000),
    make('intake.scan_every_ms', 30_000),
    make('intake.name_pattern', 'capture_{sample}[_{submission}[_{plate}]]_{date}_{time}'),
    make('intake.barcode_symbologies', ['code-128'], []),
    make('intake.barcode_region', [0, 0, 1, 1]),
    make('intake.barcode_pattern', '[A-Za-z0-9./-]{3,40}'),
    make('intake.disk_reserve_mib', 512),
    make('intake.queue_limit', 256),
    make('intake.workers', 0),
    make('intake.calibration', null),
    make('deliver.folder', '\\\\lims\\in', null),
    make('deliver.mllp', null),
    make('deliver.mllp_within_s', 30),
    make('deliver.automatic', true),
    make('deliver.templates', ['labware']),
    make('deliver.wait_for_ack', true, false),
    make('deliver.ack_within_s', 86_400),
    theirs(make('people.lock_after', 3, 5)),
    make('people.lock_min', 15),
    make('people.password_expires_days', 0),
    make('people.password_min_chars', 8),
    make('people.idle_lock_min', 10),
    make('people.login_to_read', false),
    make('sync.every_s', 30),
    make('sync.blobs', true),
    make('sync.ca_file', null),
  ];
}

export const DIAGNOSTICS: T.Diagnostics = {
  versions: {
    wellread: '0.1.0',
    'ONNX Runtime': '1.31.1',
    SQLite: '3.50.4',
    'wellread-wells': '0.2.0',
    window: '2.12.5',
  },
  paths: {
    data: 'C:\\ProgramData\\Wellread',
    inbox: 'D:\\camera',
    deliver: '\\\\lims\\in',
    logs: 'C:\\ProgramData\\Wellread\\logs',
  },
  sizes: { database: 48_300_000, pictures: 3_120_000_000, logs: 2_400_000, free: 212_000_000_000 },
  health: HEALTH,
  station_id: idOf('stat', 1),
};

export const LOGS: string[] = Array.from({ length: 60 }, (_, n) => {
  const time = new Date(NOW_MS - (60 - n) * 9000).toISOString();
  const level = n % 17 === 9 ? ' WARN' : ' INFO';
  return `${time}${level} wellread_station::pipeline: run recorded run=${idOf('run', 352 + n)} wells=96 took_ms=${390 + n}`;
});

/** What is answered alike whatever was done before. */
export const ANSWERS: Handlers = {
  pick_folder: () => 'D:\\camera',
  pick_file: () => 'E:\\backup\\bench-1.db',
  pick_save: ({ name }: { name: string }) => `E:\\${name}`,
  touch: () => null,
  drop_image: () => null,
  export_report: () => null,
  print_report: () => null,
  set_language: () => null,
  set_password: () => null,
  export_audit: () => null,
  quit: () => null,
  interface_formats: () => FORMATS,
  roles: () => ROLES,
  diagnostics: () => DIAGNOSTICS,
  logs: () => LOGS,
  outbox: ({ page }: { page: T.Page }) => outbox(page),
  parse_scan: ({ text }: { text: string }) => parseScan(text),
};
