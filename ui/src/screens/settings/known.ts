import { m } from '../../lib/paraglide/messages';

/** How a setting is edited. What is not listed here is shown as it is stored. */
export interface Known {
  name: string;
  title: () => string;
  hint?: () => string;
  kind: 'folder' | 'file' | 'text' | 'number' | 'switch' | 'list' | 'watch';
}

export interface Group {
  title: () => string;
  settings: Known[];
}

export const GROUPS: Group[] = [
  {
    title: m.set_intake,
    settings: [
      { name: 'intake.inbox', title: m.set_inbox, hint: m.first_inbox_hint, kind: 'folder' },
      { name: 'intake.sub_folders', title: m.set_sub_folders, kind: 'switch' },
      { name: 'intake.watch_by', title: m.set_watch_by, hint: m.set_watch_by_hint, kind: 'watch' },
      { name: 'intake.rest_ms', title: m.set_rest, hint: m.set_rest_hint, kind: 'number' },
      { name: 'intake.scan_every_ms', title: m.set_scan, kind: 'number' },
      { name: 'intake.name_pattern', title: m.set_name_pattern, hint: m.set_name_pattern_hint, kind: 'text' },
      { name: 'intake.barcode_symbologies', title: m.set_barcodes, hint: m.set_barcodes_hint, kind: 'list' },
      { name: 'intake.barcode_pattern', title: m.set_barcode_pattern, kind: 'text' },
      { name: 'intake.disk_reserve_mib', title: m.set_reserve, hint: m.set_reserve_hint, kind: 'number' },
      { name: 'intake.workers', title: m.set_workers, hint: m.set_workers_hint, kind: 'number' },
      { name: 'intake.queue_limit', title: m.set_queue, kind: 'number' },
      { name: 'intake.calibration', title: m.set_calibration, hint: m.set_calibration_hint, kind: 'file' },
    ],
  },
  {
    title: m.set_deliver,
    settings: [
      { name: 'deliver.folder', title: m.set_deliver_folder, hint: m.first_deliver_hint, kind: 'folder' },
      { name: 'deliver.mllp', title: m.set_mllp, hint: m.set_mllp_hint, kind: 'text' },
      { name: 'deliver.mllp_within_s', title: m.set_mllp_within, kind: 'number' },
      { name: 'deliver.automatic', title: m.set_automatic, kind: 'switch' },
      { name: 'deliver.templates', title: m.set_templates, kind: 'list' },
      { name: 'deliver.wait_for_ack', title: m.set_wait_ack, kind: 'switch' },
      { name: 'deliver.ack_within_s', title: m.set_ack_within, kind: 'number' },
    ],
  },
  {
    title: m.set_people,
    settings: [
      { name: 'people.lock_after', title: m.set_lock_after, kind: 'number' },
      { name: 'people.lock_min', title: m.set_lock_min, hint: m.set_lock_min_hint, kind: 'number' },
      { name: 'people.password_expires_days', title: m.set_expires, hint: m.set_expires_hint, kind: 'number' },
      { name: 'people.password_min_chars', title: m.set_min_chars, kind: 'number' },
      { name: 'people.idle_lock_min', title: m.set_idle_lock, hint: m.set_idle_lock_hint, kind: 'number' },
      { name: 'people.login_to_read', title: m.set_login_to_read, hint: m.set_login_to_read_hint, kind: 'switch' },
    ],
  },
  {
    title: m.sync_hub,
    settings: [
      { name: 'sync.every_s', title: m.set_sync_every, hint: m.set_sync_every_hint, kind: 'number' },
      { name: 'sync.blobs', title: m.set_sync_blobs, hint: m.set_sync_blobs_hint, kind: 'switch' },
      { name: 'sync.ca_file', title: m.set_sync_ca, hint: m.set_sync_ca_hint, kind: 'file' },
    ],
  },
];

export const WATCH: Record<string, () => string> = {
  auto: m.watch_auto,
  events: m.watch_events,
  polling: m.watch_polling,
};

/** A value as a person reads it. */
export function shown(value: unknown, kind?: Known['kind']): string {
  if (kind === 'watch') return WATCH[String(value)]?.() ?? String(value);
  if (value === null || value === undefined || value === '') return m.none();
  if (typeof value === 'boolean') return value ? m.yes() : m.no();
  if (Array.isArray(value)) return value.length === 0 ? m.none() : value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What was typed, as the station stores it; `undefined` when it cannot be. */
export function parsed(kind: Known['kind'], text: string): unknown {
  const trimmed = text.trim();
  if (kind === 'number') {
    const n = Number(trimmed);
    return trimmed !== '' && Number.isInteger(n) && n >= 0 ? n : undefined;
  }
  if (kind === 'list') {
    return trimmed
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  }
  if (kind === 'switch') return trimmed === 'true';
  return trimmed === '' ? null : trimmed;
}
