// A station in memory, faithful enough for tests, pictures and trying the window in a browser. Never part of the app.
import type { Backend, Events } from '../backend';
import { Fault } from '../backend';
import type * as T from '../shapes';
import { assayView, checkText, layoutText, shippedAssays, theirAssay } from './assays';
import { CLASSES, endPoints, resultsOf } from './plates';
import { photograph } from './paint';
import { HEALTH, NOW_MS, detailOf, doubtfulIn, event, hex, idOf, identityOf, lineOf, now, seqOf } from './runs';
import { fileOf, filesOf, sampleDetail, samplesOf, summaryOf } from './samples';
import * as rest from './rest';
import { HUB, partOf, syncOf, type SyncScene } from './sync';

export interface Script {
  scene?: 'ready' | 'first-start' | 'signed-out' | 'broken';
  as?: string;
  rows?: number;
  /** The watched folder cannot be reached. */
  offline?: boolean;
  /** Long work does not end by itself. */
  slow?: boolean;
  /** How the way to headquarters is. */
  sync?: SyncScene;
}

export const PASSWORD = 'plate reader 96';

const ROLES: T.Role[] = rest.ROLES;

// Each handler says what it takes; the window's typed wrappers see to it that this is what comes.
type Args = any;
type Handlers = Record<string, (args: Args) => unknown>;

const hayOf = (line: T.RunLine): string =>
  `${line.sample_no} ${line.submission_no} ${line.plate_no} ${line.file_name ?? ''}`.toLowerCase();

/** One scripted station; every one begins alike. */
export class ScriptedStation implements Backend {
  readonly calls: { name: string; args: Record<string, unknown> }[] = [];
  #total: number;
  #script: Script;
  #person: T.Person | null = null;
  #scene: NonNullable<Script['scene']>;
  #wrong = 0;
  #read = new Map<string, T.RunDetail>();
  #changed = new Map<number, T.RunDetail>();
  #next: T.Identity[] = [];
  #simulated = false;
  #files: T.InterfaceFile[] | null = null;
  #samples: Map<string, T.RunLine[]> | null = null;
  #assays = [...shippedAssays(), theirAssay];
  #texts = new Map<string, string>();
  #pictures = new Map<string, string>();
  #users = rest.people();
  #settings = rest.settings();
  #audit = rest.auditTrail();
  #models = rest.models();
  #heard = new Map<keyof Events, Set<(payload: never) => void>>();
  #tasks = 0;
  #cancelled = new Set<string>();
  #autostart = true;
  #bySample: number[] | null = null;
  #hay: string[] = [];
  #link: string | null = null;
  #sync: T.SyncState;

  constructor(script: Script = {}) {
    this.#script = script;
    this.#scene = script.scene ?? 'ready';
    this.#total = script.rows ?? 411;
    this.#sync = syncOf(script.sync ?? (this.#scene === 'first-start' ? 'not-enrolled' : 'idle'));
    if (this.#scene === 'ready') this.#person = this.#personNamed(script.as ?? 'anong');
  }

  // Answers come later, as the real ones do, but without a clock.
  async call(name: string, args: Record<string, unknown>): Promise<unknown> {
    this.calls.push({ name, args });
    const handler = this.#handlers[name];
    if (!handler) throw new Fault({ code: 'unknown', message: `there is no command '${name}'` });
    const open = [
      'start_state',
      'first_start',
      'known_people',
      'sign_in',
      'lock',
      'touch',
      'simulate',
      'set_language',
      'link_followed',
      'cancel',
    ];
    if (this.#scene === 'broken') open.push('make_bundle');
    if (!this.#person && !open.includes(name) && !name.startsWith('pick_')) {
      throw new Fault({ code: 'locked', message: 'nobody is signed in' });
    }
    return structuredClone(handler(args)) as unknown;
  }

  async send(name: string, bytes: Uint8Array, headers: Record<string, string>): Promise<unknown> {
    return this.call(name, { ...headers, size: bytes.length });
  }

  on<K extends keyof Events>(name: K, handler: (payload: Events[K]) => void): () => void {
    const known = this.#heard.get(name) ?? new Set();
    this.#heard.set(name, known);
    known.add(handler);
    return () => known.delete(handler);
  }

  emit<K extends keyof Events>(name: K, payload: Events[K]): void {
    for (const handler of this.#heard.get(name) ?? []) (handler as (payload: Events[K]) => void)(payload);
  }

  image(sha256: string): string {
    const known = this.#pictures.get(sha256);
    if (known !== undefined) return known;
    const seq = Number.parseInt(sha256.slice(0, 8), 16);
    const made = photograph(seq, doubtfulIn(seq));
    this.#pictures.set(sha256, made);
    return made;
  }

  /** A link from outside, which waits until somebody has signed in. */
  follow(run: string): void {
    this.#link = run;
    this.emit('open', { run_id: run });
  }

  /** A plate arrives, as while somebody reviews another. */
  arrive(): void {
    this.#total += 1;
    this.#samples = null;
    this.emit('changed', { what: 'run', id: idOf('run', this.#total) });
  }

  #personNamed(username: string): T.Person {
    const user = this.#users.find((one) => one.username === username) ?? this.#users[0];
    if (!user) throw new Error('a scripted station has people');
    const permissions = ROLES.filter((role) => user.roles.includes(role.name)).flatMap((role) => role.permissions);
    return {
      username: user.username,
      name: `${user.first_name} ${user.last_name}`,
      roles: user.roles,
      permissions: [...new Set(permissions)],
    };
  }

  #need(permission: T.Permission): void {
    if (this.#person?.permissions.includes(permission)) return;
    throw new Fault({ code: 'not-permitted', message: `that needs the permission ${permission}` });
  }

  #start(): T.StartState {
    return {
      kind: this.#scene === 'first-start' ? 'first-start' : this.#scene === 'broken' ? 'broken' : 'ready',
      station: this.#scene === 'first-start' ? '' : 'Bench 1',
      fault:
        this.#scene === 'broken'
          ? { code: 'key', message: 'the keyring of this account does not hold the key of this database' }
          : null,
      person: this.#person,
      version: '0.1.0',
      data_folder: 'C:\\ProgramData\\Wellread',
      can_keyring: true,
      encrypted: this.#scene !== 'first-start',
      assays: shippedAssays().map(({ id, name }) => ({ id, name })),
      suggested_inbox: 'C:\\Users\\bench\\Pictures\\Plates',
      suggested_deliver: 'C:\\Users\\bench\\Documents\\Results',
      open: this.#person ? this.#link : null,
      idle_lock_min: 15,
    };
  }

  #detail(id: string): T.RunDetail {
    const seq = seqOf(id);
    if (!(seq > 0 && seq <= this.#total)) throw new Fault({ code: 'not-found', message: `there is no run ${id}` });
    return this.#changed.get(seq) ?? this.#asRead(seq);
  }

  /** A run before anybody changed it, made once: what a script takes long for would count as the window's. */
  #asRead(seq: number): T.RunDetail {
    const key = `${seq}/${this.#total}`;
    const known = this.#read.get(key) ?? detailOf(seq, this.#total);
    this.#read.set(key, known);
    return known;
  }

  #line(seq: number): T.RunLine {
    const line = lineOf(seq, this.#total);
    const changed = this.#changed.get(seq);
    if (!changed) return line;
    const { disposition, conflict, signed, identity } = changed.state;
    return { ...line, ...identity, disposition, conflict, signed };
  }

  #runs({ filter, page }: { filter: T.RunFilter; page: T.Page }): T.Listed<T.RunLine> {
    const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    // A real station has an index; here the words of every run are kept after the first search.
    const says = (seq: number): boolean => {
      const hay = (this.#hay[seq] ??= hayOf(this.#line(seq)));
      return words.every((word) => hay.includes(word));
    };
    const fits = (line: T.RunLine): boolean => {
      if (filter.disposition && line.disposition !== filter.disposition) return false;
      if (filter.status && line.status !== filter.status) return false;
      if (filter.sample_no && line.sample_no !== filter.sample_no) return false;
      if (filter.from_ms && line.predict_at.utc_ms < filter.from_ms) return false;
      if (filter.to_ms && line.predict_at.utc_ms >= filter.to_ms) return false;
      return true;
    };
    const rows: T.RunLine[] = [];
    const at = this.#placeIn(filter.order);
    let place = page.after ?? 0;
    for (; place < this.#total && rows.length < page.limit; place += 1) {
      const seq = at(place);
      if (words.length > 0 && !says(seq)) continue;
      const line = this.#line(seq);
      if (fits(line)) rows.push(line);
    }
    return { rows, next: place < this.#total ? place : null };
  }

  /** Which run stands at a place of the list. */
  #placeIn(order: T.RunOrder): (place: number) => number {
    if (order === 'newest') return (place) => this.#total - place;
    if (order === 'oldest') return (place) => place + 1;
    if (this.#bySample?.length !== this.#total) {
      const names = Array.from({ length: this.#total }, (_, n) => identityOf(n + 1).sample_no);
      const alike = (a: number, b: number) => ((names[a - 1] ?? '') < (names[b - 1] ?? '') ? -1 : 1);
      this.#bySample = names.map((_, n) => n + 1).sort(alike);
    }
    const sorted = this.#bySample;
    return (place) => sorted[place] ?? 1;
  }

  #bench(): T.Bench {
    const recent = this.#runs({ filter: { order: 'newest' }, page: { after: null, limit: 8 } }).rows;
    const latest = recent.find((line) => line.status === 'completed');
    const offline = this.#script.offline ?? false;
    const counts = rest.counts(this.#total, (seq) => this.#line(seq));
    const counted = (name: T.Disposition) => counts.find(([known]) => known === name)?.[1] ?? 0;
    const attention: T.Attention[] = [];
    const message = 'D:\\camera: the network path was not found';
    if (offline) attention.push({ kind: 'part', part: 'inbox', status: 'unhealthy', message });
    const sync = partOf(this.#sync);
    if (sync.status !== 'healthy') attention.push({ kind: 'part', part: 'sync', ...sync });
    const [doubtful, waits] = [counted('to-review'), counted('waiting-sample')];
    if (waits > 0) attention.push({ kind: 'waiting-sample', runs: waits });
    if (doubtful > 0) attention.push({ kind: 'to-review', runs: doubtful });
    return {
      inbox: 'D:\\camera',
      inbox_online: !offline,
      parts: [
        ...HEALTH.map((part): T.Health =>
          offline && part.service === 'inbox' ? { ...part, status: 'unhealthy', message } : part,
        ),
        { service: 'sync', ...sync, at_ms: NOW_MS },
      ],
      runs: counts,
      service: 'running',
      service_message: null,
      queue: { waiting: 3, working: 1 },
      latest: latest ? this.#detail(latest.run_id) : null,
      recent,
      next_plates: this.#next,
      attention,
      simulated: this.#simulated,
    };
  }

  #review({ run_id, change, reason }: { run_id: string; change: T.Change; reason: T.Reason }): T.RunDetail {
    this.#need('run:review');
    const before = this.#detail(run_id);
    const run: T.RunDetail = structuredClone(before);
    const seq = run.state.last_event_seq + Math.max(1, run.events.length - run.state.last_event_seq + 1);
    const note = (decision: T.Decision) => {
      run.events.push({ ...event(seq, decision, this.#person?.username ?? '', reason.code), reason_text: reason.text });
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
    this.#settle(run);
    return this.#keep(run);
  }

  /** What holds after all events. */
  #settle(run: T.RunDetail): void {
    const base = structuredClone(this.#asRead(run.seq));
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

  #keep(run: T.RunDetail): T.RunDetail {
    this.#changed.set(run.seq, run);
    delete this.#hay[run.seq];
    this.#samples = null;
    queueMicrotask(() => this.emit('changed', { what: 'run', id: run.id }));
    return run;
  }

  #sign({ run_id, meaning, password }: { run_id: string; meaning: T.Meaning; password: string }): T.RunDetail {
    this.#need(meaning === 'approved' ? 'run:approve' : 'run:sign');
    if (password !== PASSWORD) throw new Fault({ code: 'login-failed', message: 'the password is wrong' });
    const run = structuredClone(this.#detail(run_id));
    const me = this.#person?.username ?? '';
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
    return this.#keep(run);
  }

  #signIn({ username, password }: { username: string; password: string }): T.Person {
    if (this.#wrong >= 5) throw new Fault({ code: 'locked-out', message: 'too many wrong passwords: wait 15 min' });
    if (password !== PASSWORD || !this.#users.some((user) => user.username === username && user.is_active)) {
      this.#wrong += 1;
      throw new Fault({ code: 'login-failed', message: 'user name or password is wrong' });
    }
    this.#wrong = 0;
    this.#person = this.#personNamed(username);
    return this.#person;
  }

  #firstStart({ order }: { order: T.FirstStart }): T.StartState {
    this.#scene = 'ready';
    this.#simulated = order.simulated;
    this.#person = this.#personNamed('anong');
    return this.#start();
  }

  #synced(sync: T.SyncState): T.SyncState {
    this.#sync = sync;
    queueMicrotask(() => this.emit('changed', { what: 'sync', id: null }));
    return sync;
  }

  #task(name: string, total: number, ok: unknown): string {
    this.#tasks += 1;
    const id = `task-${this.#tasks}`;
    setTimeout(() => this.emit('task', { id, name, done: Math.floor(total / 2), total, ended: null }), 5);
    if (this.#script.slow) return id;
    const fault = { code: 'refused', message: 'it was cancelled' };
    setTimeout(() => {
      const ended = this.#cancelled.has(id) ? { fault } : { ok };
      this.emit('task', { id, name, done: total, total, ended });
    }, 60);
    return id;
  }

  #known(): Map<string, T.RunLine[]> {
    return (this.#samples ??= samplesOf(this.#total));
  }

  #fileList(): T.InterfaceFile[] {
    return (this.#files ??= filesOf(this.#known()));
  }

  #handlers: Handlers = {
    start_state: () => this.#start(),
    first_start: (args) => this.#firstStart(args),
    pick_folder: () => 'D:\\camera',
    pick_file: () => 'E:\\backup\\bench-1.db',
    pick_save: ({ name }: { name: string }) => `E:\\${name}`,
    known_people: () =>
      this.#users
        .filter((user) => user.is_active)
        .map((user) => ({ username: user.username, name: `${user.first_name} ${user.last_name}` })),
    sign_in: (args) => this.#signIn(args),
    lock: () => {
      this.#person = null;
      return null;
    },
    touch: () => null,
    bench: () => this.#bench(),
    parse_scan: ({ text }: { text: string }) => rest.parseScan(text),
    enter_next_plate: ({ identity }: { identity: T.Identity }) => {
      this.#next.push(identity);
      queueMicrotask(() => this.emit('changed', { what: 'queue', id: null }));
      return null;
    },
    clear_next_plates: () => {
      this.#next = [];
      queueMicrotask(() => this.emit('changed', { what: 'queue', id: null }));
      return null;
    },
    drop_image: () => null,
    simulate: ({ on }: { on: boolean }) => {
      this.#simulated = on;
      return null;
    },
    run: ({ run_id }: { run_id: string }) => this.#detail(run_id),
    review: (args) => this.#review(args),
    preview_grid: ({ run_id, corners }: { run_id: string; corners: T.Point[] }) =>
      rest.previewGrid(this.#detail(run_id), corners),
    adopt_grid: ({ run_id }: { run_id: string }) => this.#detail(run_id),
    sign: (args) => this.#sign(args),
    reprocess: ({ run_id }: { run_id: string }) => this.#detail(run_id),
    runs: (args) => this.#runs(args),
    run_counts: () => rest.counts(this.#total, (seq) => this.#line(seq)),
    samples: ({ text, page }: { text: string | null; page: T.Page }) => {
      const wanted = [...this.#known()]
        .filter(([no]) => no.toLowerCase().includes((text ?? '').toLowerCase()))
        .map(([no, lines]) => summaryOf(no, lines))
        .filter((summary) => summary.last_run_seq < (page.after ?? Infinity));
      const rows = wanted.slice(0, page.limit);
      return { rows, next: wanted.length > rows.length ? (rows[rows.length - 1]?.last_run_seq ?? null) : null };
    },
    sample: ({ sample_no: no }: { sample_no: string }) => {
      const lines = this.#known().get(no);
      if (!lines) throw new Fault({ code: 'not-found', message: `there is no sample ${no}` });
      return sampleDetail(
        no,
        lines.map((line) => this.#line(line.seq)),
        this.#fileList(),
      );
    },
    interface_files: ({ sample, status }: { sample: string | null; status: string | null }) => ({
      rows: this.#fileList().filter((f) => (!sample || f.sample_no === sample) && (!status || f.status === status)),
      next: null,
    }),
    interface_formats: () => rest.FORMATS,
    interface_preview: ({ sample, template }: { sample: string; template: string }) =>
      rest.preview(sample, template, endPoints(this.#known().get(sample)?.[0]?.seq ?? 1)),
    interface_request: ({ sample }: { sample: string }) => {
      this.#need('interface:create');
      this.#fileList().unshift({ ...fileOf(sample, this.#fileList().length + 1, NOW_MS), status: 'generated' });
      return null;
    },
    interface_retry: ({ id }: { id: string }) => {
      const file = this.#fileList().find((one) => one.id === id);
      if (file) Object.assign(file, { status: 'delivered', error_msg: null, delivered_at_ms: NOW_MS });
      return null;
    },
    export_report: () => null,
    print_report: () => null,
    outbox: ({ page }: { page: T.Page }) => rest.outbox(page),
    sync_state: () => this.#sync,
    enrol: ({ url, code }: { url: string; code: string }) => {
      this.#need('config:write');
      if (!/^https?:/.test(url)) throw new Fault({ code: 'invalid', message: `'${url}' is no address of a hub` });
      if (!/^LAB-/.test(code)) throw new Fault({ code: 'invalid', message: 'headquarters do not know this code' });
      return this.#synced({ ...syncOf('syncing'), enrolled: { ...HUB, hub_url: url } });
    },
    pause_sync: ({ why }: { why: string }) => {
      this.#need('config:write');
      this.#synced({ ...this.#sync, state: 'paused', paused: why });
      return null;
    },
    resume_sync: () => {
      this.#need('config:write');
      this.#synced({ ...this.#sync, state: this.#sync.pending > 0 ? 'syncing' : 'idle', paused: null });
      return null;
    },
    sync_now: () => {
      this.#synced(syncOf('idle'));
      return null;
    },
    take_over: () => {
      this.#need('config:write');
      this.#synced({ ...syncOf('syncing'), hub_only: this.#sync.hub_only });
      return null;
    },
    assays: () => this.#assays,
    assay: ({ id, version }: { id: string; version: number }) => {
      const line = this.#assays.find((one) => one.id === id && one.version === version);
      if (!line) throw new Fault({ code: 'not-found', message: `there is no assay ${id} version ${version}` });
      return assayView(line, this.#texts);
    },
    layout_text: ({ text, wells }: { text: string; wells: Record<string, T.WellRole> }) => layoutText(text, wells),
    check_assay: ({ text }: { text: string }) => checkText(text),
    save_assay: ({ text }: { text: string }) => {
      this.#need('config:write');
      const saved = rest.assayLine(text);
      if (this.#assays.some((one) => one.id === saved.id && one.version === saved.version)) {
        throw new Fault({
          code: 'refused',
          message: `${saved.id} version ${saved.version} is there already: raise version`,
        });
      }
      this.#assays = [saved, ...this.#assays];
      this.#texts.set(`${saved.id}@${saved.version}`, text);
      return saved;
    },
    models: () => this.#models,
    switch_models: ({ id }: { id: string }) => {
      this.#need('config:write');
      for (const one of this.#models) one.active = one.id === id;
      return null;
    },
    add_models: () => {
      this.#need('config:write');
      return this.#models.at(-1);
    },
    set_language: () => null,
    link_followed: () => {
      this.#link = null;
      return null;
    },
    trial_models: ({ runs }: { runs: number }) => this.#task('trial', runs, rest.trial(runs)),
    users: () => {
      this.#need('user:admin');
      return this.#users;
    },
    roles: () => ROLES,
    create_user: ({ person }: { person: T.NewPerson }) => {
      this.#need('user:admin');
      this.#users.push(rest.user(person, this.#users.length + 1));
      return null;
    },
    set_roles: ({ username, roles }: { username: string; roles: string[] }) => this.#change(username, { roles }),
    set_active: ({ username, active }: { username: string; active: boolean }) =>
      this.#change(username, { is_active: active }),
    unlock_user: ({ username }: { username: string }) =>
      this.#change(username, { locked_until_ms: null, failed_logins: 0 }),
    set_password: () => null,
    audit: ({ filter, page }: { filter: T.AuditFilter; page: T.Page }) => rest.auditPage(this.#audit, filter, page),
    verify: () => this.#task('verify', 412, rest.VERIFIED),
    export_audit: () => null,
    settings: () => this.#settings,
    set_setting: ({ name, value }: { name: string; value: unknown }) => {
      this.#need('config:write');
      const setting = this.#settings.find((one) => one.name === name);
      if (setting) setting.value = value;
      return null;
    },
    backup: () => this.#task('backup', 1200, null),
    restore: () => {
      this.#need('backup:create');
      const id = this.#task('restore', 1200, null);
      // Who was signed in belongs to the station as it was.
      setTimeout(() => {
        this.#person = null;
        this.emit('changed', { what: 'session', id: null });
      }, 80);
      return id;
    },
    export_recovery_key: () => {
      this.#need('backup:create');
      return null;
    },
    quit: () => null,
    autostart_state: () => this.#autostart,
    autostart: ({ on }: { on: boolean }) => {
      this.#autostart = on;
      return null;
    },
    diagnostics: () => rest.DIAGNOSTICS,
    logs: () => rest.LOGS,
    make_bundle: () => {
      if (this.#scene !== 'broken') return this.#task('bundle', 12, null);
      // A small bundle is made at once: its end is told before the work's name is.
      this.emit('task', { id: 'bundle-0', name: 'bundle', done: 0, total: null, ended: { ok: null } });
      return 'bundle-0';
    },
    cancel: ({ task }: { task: string }) => {
      this.#cancelled.add(task);
      return null;
    },
  } as Handlers;

  #change(username: string, change: Partial<T.User>): null {
    this.#need('user:admin');
    const user = this.#users.find((one) => one.username === username);
    if (!user) throw new Fault({ code: 'not-found', message: `there is no user ${username}` });
    Object.assign(user, change);
    return null;
  }
}
