// A station in memory, faithful enough for tests, pictures and trying the window in a browser. Never part of the app.
import type { Backend, Events } from '../backend';
import { Fault } from '../backend';
import type * as T from '../shapes';
import { assayHandlers } from './assays';
import { RunList } from './list';
import { endPoints } from './plates';
import { photograph } from './paint';
import { reviewed, signedBy } from './reviews';
import { NOW_MS, detailOf, doubtfulIn, idOf, lineOf, seqOf } from './runs';
import { fileOf, filesOf, sampleDetail, samplesOf, summaryOf } from './samples';
import * as rest from './rest';
import { benchOf, startOf, type Scene } from './standing';
import { syncHandlers, syncOf, type SyncScene, type Way } from './sync';

export interface Script {
  scene?: Scene;
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
export type Handlers = Record<string, (args: Args) => unknown>;
export type Need = (permission: T.Permission) => void;

/** One scripted station; every one begins alike. */
export class ScriptedStation implements Backend {
  readonly calls: { name: string; args: Record<string, unknown> }[] = [];
  #total: number;
  #script: Script;
  #person: T.Person | null = null;
  #scene: Scene;
  #wrong = 0;
  #read = new Map<string, T.RunDetail>();
  #changed = new Map<number, T.RunDetail>();
  #next: T.Identity[] = [];
  #simulated = false;
  #files: T.InterfaceFile[] | null = null;
  #samples: Map<string, T.RunLine[]> | null = null;
  #pictures = new Map<string, string>();
  #users = rest.people();
  #settings = rest.settings();
  #audit = rest.auditTrail();
  #models = rest.models();
  #heard = new Map<keyof Events, Set<(payload: never) => void>>();
  #tasks = 0;
  #cancelled = new Set<string>();
  #autostart = true;
  #list = new RunList((seq) => this.#line(seq));
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

  #runs(asked: { filter: T.RunFilter; page: T.Page }): T.Listed<T.RunLine> {
    return this.#list.page(this.#total, asked);
  }

  #start(): T.StartState {
    return startOf(this.#scene, this.#person, this.#link);
  }

  #bench(): T.Bench {
    const recent = this.#runs({ filter: { order: 'newest' }, page: { after: null, limit: 8 } }).rows;
    const latest = recent.find((line) => line.status === 'completed');
    return benchOf({
      recent,
      latest: latest ? this.#detail(latest.run_id) : null,
      counts: rest.counts(this.#total, (seq) => this.#line(seq)),
      next: this.#next,
      sync: this.#sync,
      offline: this.#script.offline ?? false,
      simulated: this.#simulated,
    });
  }

  get #me(): string {
    return this.#person?.username ?? '';
  }

  #review({ run_id, ...decided }: { run_id: string; change: T.Change; reason: T.Reason }): T.RunDetail {
    this.#need('run:review');
    const before = this.#detail(run_id);
    return this.#keep(reviewed(before, this.#asRead(before.seq), decided, this.#me));
  }

  #sign({ run_id, meaning, password }: { run_id: string; meaning: T.Meaning; password: string }): T.RunDetail {
    this.#need(meaning === 'approved' ? 'run:approve' : 'run:sign');
    if (password !== PASSWORD) throw new Fault({ code: 'login-failed', message: 'the password is wrong' });
    return this.#keep(signedBy(this.#me, this.#detail(run_id), meaning));
  }

  #keep(run: T.RunDetail): T.RunDetail {
    this.#changed.set(run.seq, run);
    this.#list.forget(run.seq);
    this.#samples = null;
    queueMicrotask(() => this.emit('changed', { what: 'run', id: run.id }));
    return run;
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

  #way: Way = {
    need: (permission) => this.#need(permission),
    now: () => this.#sync,
    becomes: (sync) => {
      this.#sync = sync;
      queueMicrotask(() => this.emit('changed', { what: 'sync', id: null }));
      return sync;
    },
  };

  #handlers: Handlers = {
    ...rest.ANSWERS,
    start_state: () => this.#start(),
    first_start: (args) => this.#firstStart(args),
    known_people: () =>
      this.#users
        .filter((user) => user.is_active)
        .map((user) => ({ username: user.username, name: `${user.first_name} ${user.last_name}` })),
    sign_in: (args) => this.#signIn(args),
    lock: () => {
      this.#person = null;
      return null;
    },
    bench: () => this.#bench(),
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
    ...syncHandlers(this.#way),
    ...assayHandlers((permission) => this.#need(permission)),
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
    link_followed: () => {
      this.#link = null;
      return null;
    },
    trial_models: ({ runs }: { runs: number }) => this.#task('trial', runs, rest.trial(runs)),
    users: () => {
      this.#need('user:admin');
      return this.#users;
    },
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
    audit: ({ filter, page }: { filter: T.AuditFilter; page: T.Page }) => rest.auditPage(this.#audit, filter, page),
    verify: () => this.#task('verify', 412, rest.VERIFIED),
    settings: () => this.#settings,
    set_setting: ({ name, value }: { name: string; value: unknown }) => {
      this.#need('config:write');
      const setting = this.#settings.find((one) => one.name === name);
      if (setting?.origin === 'hub') throw new Fault({ code: 'refused', message: `${name} is set by headquarters` });
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
    autostart_state: () => this.#autostart,
    autostart: ({ on }: { on: boolean }) => {
      this.#autostart = on;
      return null;
    },
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
