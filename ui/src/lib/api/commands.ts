// One typed wrapper a command; nothing else knows their names.
import { ask, backend, send } from './backend';
import type * as T from './shapes';

export const image = (sha256: string): string => backend().image(sha256);

// Start
export const startState = () => ask<T.StartState>('start_state');
export const firstStart = (order: T.FirstStart) => ask<T.StartState>('first_start', { order });
export const pickFolder = () => ask<string | null>('pick_folder');
export const pickFile = () => ask<string | null>('pick_file');
export const pickSave = (name: string) => ask<string | null>('pick_save', { name });

/** In which language the tray and notifications speak. */
export const setLanguage = (locale: string) => ask<null>('set_language', { locale });
export const linkFollowed = () => ask<null>('link_followed');

// People
export const knownPeople = () => ask<{ username: string; name: string }[]>('known_people');
export const signIn = (username: string, password: string) => ask<T.Person>('sign_in', { username, password });
export const lock = () => ask<null>('lock');
export const touch = () => ask<null>('touch');
export const users = () => ask<T.User[]>('users');
export const roles = () => ask<T.Role[]>('roles');
export const createUser = (person: T.NewPerson) => ask<null>('create_user', { person });
export const setRoles = (username: string, roles: string[], why: string) =>
  ask<null>('set_roles', { username, roles, why });
export const setActive = (username: string, active: boolean, why: string) =>
  ask<null>('set_active', { username, active, why });
export const unlockUser = (username: string, why: string) => ask<null>('unlock_user', { username, why });
export const setPassword = (username: string, old: string | null, fresh: string) =>
  ask<null>('set_password', { username, old, new: fresh });

// Bench
export const bench = () => ask<T.Bench>('bench');
export const parseScan = (text: string) => ask<T.Identity>('parse_scan', { text });
export const enterNextPlate = (identity: T.Identity) => ask<null>('enter_next_plate', { identity });
export const clearNextPlates = () => ask<null>('clear_next_plates');
// A header holds no letters beyond ASCII, and a file's name may.
export const dropImage = (name: string, bytes: Uint8Array) =>
  send<string>('drop_image', bytes, { name: encodeURIComponent(name) });
export const simulate = (on: boolean) => ask<null>('simulate', { on });

// Review
export const run = (runId: string) => ask<T.RunDetail>('run', { run_id: runId });
export const review = (runId: string, change: T.Change, reason: T.Reason, seen: number | null) =>
  ask<T.RunDetail>('review', { run_id: runId, change, reason, seen });
export const previewGrid = (runId: string, corners: T.Point[]) =>
  ask<T.Grid>('preview_grid', { run_id: runId, corners });
export const adoptGrid = (runId: string, corners: T.Point[], reason: T.Reason) =>
  ask<T.RunDetail>('adopt_grid', { run_id: runId, corners, reason });
export const sign = (runId: string, meaning: T.Meaning, password: string, seen: number | null) =>
  ask<T.RunDetail>('sign', { run_id: runId, meaning, password, seen });
export const reprocess = (runId: string, assay: string | null) =>
  ask<T.RunDetail>('reprocess', { run_id: runId, assay });

// Lists
export const runs = (filter: T.RunFilter, page: T.Page) => ask<T.Listed<T.RunLine>>('runs', { filter, page });
export const runCounts = () => ask<[T.Disposition, number][]>('run_counts');
export const samples = (text: string | null, page: T.Page) => ask<T.Listed<T.SampleSummary>>('samples', { text, page });
export const sample = (sampleNo: string) => ask<T.SampleDetail>('sample', { sample_no: sampleNo });

// Interface files
export const interfaceFiles = (sample: string | null, status: T.InterfaceStatus | null, page: T.Page) =>
  ask<T.Listed<T.InterfaceFile>>('interface_files', { sample, status, page });
export const interfaceFormats = () => ask<T.TemplateLine[]>('interface_formats');
export const interfacePreview = (sample: string, template: string) =>
  ask<T.InterfacePreview>('interface_preview', { sample, template });
export const interfaceRequest = (sample: string, template: string, target: string | null) =>
  ask<T.InterfaceFile>('interface_request', { sample, template, target, test_no: '' });
export const interfaceRetry = (id: string) => ask<null>('interface_retry', { id });
export const exportReport = (sample: string, template: string, path: string) =>
  ask<null>('export_report', { sample, template, path });
export const printReport = (sample: string) => ask<null>('print_report', { sample });

// Sync
export const outbox = (page: T.Page) => ask<T.Listed<T.OutboxRecord>>('outbox', { page });
export const syncState = () => ask<T.SyncState>('sync_state');
export const enrol = (url: string, code: string) => ask<T.SyncState>('enrol', { url, code });
export const pauseSync = (why: string) => ask<null>('pause_sync', { why });
export const resumeSync = () => ask<null>('resume_sync');
export const syncNow = () => ask<null>('sync_now');
export const takeOver = (why: string) => ask<null>('take_over', { why });

// Assays, layouts, models
export const assays = () => ask<T.AssayLine[]>('assays');
export const assay = (id: string, version: number) => ask<T.AssayView>('assay', { id, version });
export const checkAssay = (text: string) => ask<T.AssayCheck>('check_assay', { text });
export const layouts = () => ask<T.LayoutLine[]>('layouts');
/** The assay's text with these wells in these roles. */
export const layoutText = (text: string, wells: Record<string, T.WellRole>) =>
  ask<string>('layout_text', { text, wells });
export const saveAssay = (text: string, why: string) => ask<T.AssayLine>('save_assay', { text, why });
export const models = () => ask<T.ModelSet[]>('models');
export const addModels = (folder: string, why: string) => ask<T.ModelSet>('add_models', { folder, why });
export const switchModels = (id: string, why: string) => ask<null>('switch_models', { id, why });
export const trialModels = (id: string, runs: number) => ask<string>('trial_models', { id, runs });

// Audit
export const audit = (filter: T.AuditFilter, page: T.Page) => ask<T.Listed<T.AuditEntry>>('audit', { filter, page });
export const verify = () => ask<string>('verify');
export const exportAudit = (path: string, filter: T.AuditFilter) => ask<null>('export_audit', { path, filter });

// Settings
export const settings = () => ask<T.SettingLine[]>('settings');
export const setSetting = (name: string, value: unknown, why: string) => ask<null>('set_setting', { name, value, why });
export const backup = (path: string) => ask<string>('backup', { path });
export const restore = (path: string) => ask<string>('restore', { path });
export const exportRecoveryKey = (path: string) => ask<null>('export_recovery_key', { path });
/** Ends the program, and with it the reading of plates. */
export const quit = () => ask<null>('quit');
export const autostartState = () => ask<boolean>('autostart_state');
export const autostart = (on: boolean) => ask<null>('autostart', { on });

// Diagnostics
export const diagnostics = () => ask<T.Diagnostics>('diagnostics');
export const logs = (lines: number) => ask<string[]>('logs', { lines });
export const makeBundle = (path: string) => ask<string>('make_bundle', { path });

// Tasks
export const cancel = (task: string) => ask<null>('cancel', { task });
