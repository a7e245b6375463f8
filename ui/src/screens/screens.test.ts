import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../App.svelte';
import * as commands from '../lib/api/commands';
import { Fault, useBackend } from '../lib/api/backend';
import { PASSWORD, ScriptedStation, type Script } from '../lib/api/scripted/station';
import { session } from '../lib/state/session.svelte';

async function open(hash: string, script: Script = {}): Promise<ScriptedStation> {
  const station = new ScriptedStation(script);
  useBackend(station);
  location.hash = hash;
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  render(App);
  await waitFor(() => expect(document.querySelector('h1')).not.toBeNull(), { timeout: 8000 });
  return station;
}

beforeEach(() => localStorage.clear());
afterEach(() => {
  cleanup();
  session.person = null;
  session.start = null;
});

test('every command of the window is answered by the scripted station', async () => {
  const station = new ScriptedStation();
  useBackend(station);
  for (const [name, command] of Object.entries(commands)) {
    if (name === 'image') continue; // It asks nobody.
    await (command as (...args: unknown[]) => Promise<unknown>)({}, {}, {}, {})?.catch?.(
      (fault: { message: string }) => {
        expect(fault.message, 'the scripted station knows it').not.toContain('there is no command');
      },
    );
  }
});

test('a locked station shows nothing of its results, and a wrong password says what to do', async () => {
  const station = await open('#/review', { scene: 'signed-out' });
  expect(
    station.calls.map((call) => call.name),
    'nothing was asked for',
  ).not.toContain('runs');
  await fireEvent.input(screen.getByLabelText('User name'), { target: { value: 'anong' } });
  await fireEvent.input(screen.getByLabelText('Password'), { target: { value: 'wrong' } });
  await fireEvent.submit(document.querySelector('form')!);
  expect((await screen.findByRole('alert')).textContent).toContain('Caps Lock');
  await fireEvent.input(screen.getByLabelText('Password'), { target: { value: PASSWORD } });
  await fireEvent.submit(document.querySelector('form')!);
  await screen.findByRole('navigation', { name: 'Main menu' });
});

test('five wrong passwords lock the account out', async () => {
  await open('#/bench', { scene: 'signed-out' });
  await fireEvent.input(screen.getByLabelText('User name'), { target: { value: 'anong' } });
  for (let n = 0; n < 6; n += 1) {
    await fireEvent.input(screen.getByLabelText('Password'), { target: { value: `wrong ${n}` } });
    await fireEvent.submit(document.querySelector('form')!);
    await waitFor(() =>
      expect(screen.getByLabelText<HTMLInputElement>('Password').value, 'cleared for the next try').toBe(''),
    );
  }
  expect(screen.getByRole('alert').textContent).toContain('Too many wrong passwords');
});

test('locking takes the screen away before the station has answered', async () => {
  await open('#/bench');
  await fireEvent.click(screen.getByRole('button', { name: 'Lock' }));
  expect(screen.queryByRole('navigation', { name: 'Main menu' }), 'gone at once').toBeNull();
  expect(screen.getByText('Locked')).toBeTruthy();
});

test('a station that locked by itself takes the window with it', async () => {
  const station = await open('#/bench');
  await screen.findByText('Next plate', {}, { timeout: 8000 });
  await station.call('lock', {});
  await expect(commands.bench()).rejects.toMatchObject({ code: 'locked' });
  await waitFor(() =>
    expect(screen.queryByRole('navigation', { name: 'Main menu' }), 'its results are out of sight').toBeNull(),
  );
});

test('the first start says what is missing until nothing is', async () => {
  const station = await open('#/', { scene: 'first-start' });
  await screen.findByRole('button', { name: 'Start the station' }, { timeout: 8000 });
  const go = () => screen.getByRole('button', { name: 'Start the station' });
  expect(go().getAttribute('aria-disabled')).toBe('true');
  await fireEvent.input(screen.getByLabelText('Name of the station'), { target: { value: 'Bench 2' } });
  await fireEvent.click(screen.getByLabelText(/simulated camera/));
  await fireEvent.input(screen.getByLabelText('User name'), { target: { value: 'anong' } });
  await fireEvent.input(screen.getByLabelText('Password'), { target: { value: PASSWORD } });
  expect(go().title, 'the control says why').toBe('The two passwords differ.');
  await fireEvent.input(screen.getByLabelText('Password again'), { target: { value: PASSWORD } });
  expect(go().getAttribute('aria-disabled')).toBeNull();
  await fireEvent.submit(document.querySelector('form')!);
  await screen.findByRole('navigation', { name: 'Main menu' }, { timeout: 8000 });
  const sent = station.calls.find((call) => call.name === 'first_start')?.args['order'];
  expect(sent).toMatchObject({ station: 'Bench 2', simulated: true, encryption: { kind: 'keyring' } });
  expect(sent, 'the folders that were suggested').toMatchObject({ deliver: 'C:\\Users\\bench\\Documents\\Results' });
});

test('a plate is reviewed by keys alone', async () => {
  const station = await open('#/review/01a1ff89-run0-7000-8000-00000000019b');
  const plate = await screen.findByRole('grid', {}, { timeout: 8000 });
  await waitFor(() => expect(within(plate).getAllByRole('gridcell').length).toBe(96));
  const focused = () => within(plate).getByRole('gridcell', { selected: true });
  expect(focused().getAttribute('aria-label'), 'the least certain well comes first').toContain(
    'Below the review threshold',
  );
  const reviews = () => station.calls.filter((call) => call.name === 'review').map((call) => call.args['change']);

  const first = focused().dataset['well'];
  await fireEvent.keyDown(focused(), { key: '3' });
  await waitFor(() => expect(reviews()).toEqual([{ well: { well: first, is: { class: 'ring' } } }]));
  expect(focused().getAttribute('aria-label')).toContain('Ring');

  await waitFor(() => expect(focused().getAttribute('aria-label')).toContain('changed by anong'));
  await fireEvent.keyDown(focused(), { key: 'z' });
  await waitFor(() => expect(reviews().at(-1)).toEqual({ undo: { event: 1 } }));

  await fireEvent.keyDown(focused(), { key: 'n' });
  const second = focused().dataset['well'];
  expect(second, 'N goes on').not.toBe(first);
  await fireEvent.keyDown(focused(), { key: ' ' });
  await waitFor(() => expect(reviews().at(-1), 'Space keeps what was read').toMatchObject({ well: { well: second } }));
  expect(focused().dataset['well'], 'and goes on').not.toBe(second);

  await fireEvent.keyDown(focused(), { key: '?' });
  expect((await screen.findByRole('dialog')).textContent).toContain('Space');
});

test('who may only look is told why at every control', async () => {
  const station = await open('#/review/01a1ff89-run0-7000-8000-00000000019b', { as: 'visitor' });
  const accept = await screen.findByRole('button', { name: 'Accept' }, { timeout: 8000 });
  expect(accept.getAttribute('aria-disabled')).toBe('true');
  expect(accept.title).toContain('review results');
  await fireEvent.click(accept);
  expect(screen.queryByRole('dialog'), 'nothing opens').toBeNull();
  await fireEvent.keyDown(document.body, { key: '2' });
  expect(
    station.calls.map((call) => call.name),
    'and no key gets through',
  ).not.toContain('review');
});

test('a scan enters the next plate wherever the focus is, and typing does not', async () => {
  const station = await open('#/bench');
  await screen.findByText('Next plate', {}, { timeout: 8000 });
  const type = (text: string, gapMs: number, from: number) => {
    [...text, 'Enter'].forEach((key, n) => {
      const event = new KeyboardEvent('keydown', { key, bubbles: true });
      Object.defineProperty(event, 'timeStamp', { value: from + n * gapMs });
      document.body.dispatchEvent(event);
    });
  };
  type('AIV-1,T2,4', 150, 10_000);
  expect(station.calls.map((call) => call.name)).not.toContain('parse_scan');
  type('AIV-1,T2,4', 6, 20_000);
  await waitFor(() =>
    expect(station.calls.find((call) => call.name === 'enter_next_plate')?.args).toEqual({
      identity: { sample_no: 'AIV-1', submission_no: 'T2', plate_no: '4' },
    }),
  );
});

test('a plate that arrives while another is reviewed leaves the review alone', async () => {
  const station = await open('#/review/01a1ff89-run0-7000-8000-00000000019b');
  await screen.findByRole('grid', {}, { timeout: 8000 });
  const title = document.querySelector('h1')?.textContent;
  const listed = vi.fn();
  station.on('changed', listed);
  station.arrive();
  await waitFor(() => expect(listed).toHaveBeenCalled());
  expect(document.querySelector('h1')?.textContent).toBe(title);
});

test('a link from outside opens the run, after signing in where the station is locked', async () => {
  const run = '01a1ff89-run0-7000-8000-00000000019a';
  const station = await open('#/bench', { scene: 'signed-out' });
  station.follow(run);
  await fireEvent.input(screen.getByLabelText('User name'), { target: { value: 'anong' } });
  await fireEvent.input(screen.getByLabelText('Password'), { target: { value: PASSWORD } });
  await fireEvent.submit(document.querySelector('form')!);
  await waitFor(() => expect(station.calls.find((call) => call.name === 'run')?.args).toEqual({ run_id: run }), {
    timeout: 8000,
  });
});

test('a dropped picture goes as bytes, with its name in a header', async () => {
  const station = await open('#/bench');
  await screen.findByText('Next plate', {}, { timeout: 8000 });
  const files = ['แผ่น 1.jpg', '2.tif'].map((name) =>
    // What a browser can and jsdom cannot.
    Object.assign(new File([], name), { arrayBuffer: () => Promise.resolve(new ArrayBuffer(7)) }),
  );
  const drop = new Event('drop', { bubbles: true, cancelable: true });
  Object.defineProperty(drop, 'dataTransfer', { value: { files } });
  window.dispatchEvent(drop);
  await waitFor(() =>
    expect(
      station.calls.filter((call) => call.name === 'drop_image').map((call) => call.args),
      'one call a file',
    ).toEqual([
      { name: encodeURIComponent('แผ่น 1.jpg'), size: 7 },
      { name: '2.tif', size: 7 },
    ]),
  );
});

test('runs are sorted by their heads', async () => {
  const station = await open('#/runs');
  const head = await screen.findByRole('button', { name: 'Read' }, { timeout: 8000 });
  const asked = () => station.calls.filter((call) => call.name === 'runs').at(-1)?.args['filter'];
  expect(head.closest('[role=columnheader]')?.getAttribute('aria-sort')).toBe('descending');
  await fireEvent.click(head);
  await waitFor(() => expect(asked()).toMatchObject({ order: 'oldest' }));
  expect(head.closest('[role=columnheader]')?.getAttribute('aria-sort')).toBe('ascending');
  await fireEvent.click(screen.getByRole('button', { name: 'Sample number' }));
  await waitFor(() => expect(asked()).toMatchObject({ order: 'sample' }));
  expect(head.closest('[role=columnheader]')?.getAttribute('aria-sort')).toBe('none');
});

test('a model is tried on past plates before it is switched to, and the trial may be stopped', async () => {
  const station = await open('#/models', { slow: true });
  const trial = await screen.findByRole('button', { name: 'Try on 50 past plates' }, { timeout: 8000 });
  expect(screen.getByRole('button', { name: 'Switch to them' }).getAttribute('aria-disabled')).toBe('true');
  await fireEvent.click(trial);
  await fireEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
  const task = station.calls.find((call) => call.name === 'cancel')?.args['task'] as string;
  station.emit('task', {
    id: task,
    name: 'trial',
    done: 3,
    total: 50,
    ended: { fault: { code: 'refused', message: '' } },
  });
  await screen.findByText('It was stopped.');
  expect(document.querySelector('[data-trial]'), 'nothing came of it').toBeNull();

  await fireEvent.click(trial);
  const [again] = await waitFor(() => {
    const begun = station.calls.filter((call) => call.name === 'trial_models');
    expect(begun.length).toBe(2);
    return begun;
  });
  expect(again?.args).toEqual({ id: '4f1c09aa72be5d10', runs: 50 });
  const { trial: made } = await import('../lib/api/scripted/rest');
  station.emit('task', { id: 'task-2', name: 'trial', done: 50, total: 50, ended: { ok: made(50) } });
  await screen.findByText('5 of 4,704 wells would change; calls that would change: 2.');
  expect(screen.getByRole('button', { name: 'Switch to them' }).getAttribute('aria-disabled')).toBeNull();
});

test('a restored station begins at its sign-in', async () => {
  await open('#/settings');
  await fireEvent.click(await screen.findByRole('button', { name: 'Restore' }, { timeout: 8000 }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Choose a backup' }));
  await screen.findByText('Locked', {}, { timeout: 8000 });
});

test('a key changes the two wells that it goes between and no other', async () => {
  await open('#/review/01a1ff89-run0-7000-8000-00000000019b');
  await waitFor(() => expect(document.querySelector('[data-well][tabindex="0"]')).not.toBeNull(), { timeout: 8000 });
  const cells = [...document.querySelectorAll<HTMLElement>('[data-well]')];
  const from = document.querySelector<HTMLElement>('[data-well][aria-selected="true"]')!;
  from.focus();
  const touched = new Set<Node>();
  const note = (records: MutationRecord[]) => records.forEach(({ target }) => touched.add(target));
  const seen = new MutationObserver(note);
  for (const cell of cells) seen.observe(cell, { attributes: true, childList: true, subtree: true });
  const key = from.dataset['well']?.startsWith('A') ? 'ArrowDown' : 'ArrowUp';
  await fireEvent.keyDown(from, { key });
  await waitFor(() => expect(document.querySelector('[data-well][tabindex="0"]')).not.toBe(from));
  const to = document.querySelector('[data-well][aria-selected="true"]');
  note(seen.takeRecords());
  seen.disconnect();
  expect([...touched].map((cell) => (cell as HTMLElement).dataset['well']).sort()).toEqual(
    [from, to].map((cell) => (cell as HTMLElement).dataset['well']).sort(),
  );
  expect(document.activeElement).toBe(to);
});

test('a restore may be stopped while nobody is signed in', async () => {
  const station = await open('#/settings', { slow: true });
  await fireEvent.click(await screen.findByRole('button', { name: 'Restore' }, { timeout: 8000 }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Choose a backup' }));
  const waiting = await screen.findByRole('heading', { name: 'Restoring a backup', level: 1 }, { timeout: 8000 });
  await fireEvent.click(within(waiting.closest('main')!).getByRole('button', { name: 'Cancel' }));
  const task = station.calls.find((call) => call.name === 'cancel')?.args['task'] as string;
  const fault = { code: 'cancelled', message: '' };
  station.emit('task', { id: task, name: 'restore', done: 3, total: 1200, ended: { fault } });
  await screen.findByText('Locked', {}, { timeout: 8000 });
  await screen.findByText('It was stopped.');
});

test('a broken station makes a bundle for whoever is there', async () => {
  const broken = await open('', { scene: 'broken' });
  await fireEvent.click(await screen.findByRole('button', { name: 'Make a diagnostics bundle' }));
  await screen.findByText(/wellread-diagnostics\.zip/);
  expect(broken.calls.filter((call) => call.name === 'make_bundle').length).toBe(1);
});

test('a locked station offers no bundle', async () => {
  const locked = await open('', { scene: 'signed-out' });
  await screen.findByLabelText('User name');
  vi.spyOn(locked, 'call').mockRejectedValue(new Fault({ code: 'unknown', message: '' }));
  await fireEvent.input(screen.getByLabelText('User name'), { target: { value: 'anong' } });
  await fireEvent.input(screen.getByLabelText('Password'), { target: { value: PASSWORD } });
  await fireEvent.submit(document.querySelector('form')!);
  await screen.findByText(/Something unexpected happened/);
  expect(screen.queryByRole('button', { name: 'Make a diagnostics bundle' })).toBeNull();
});

test('the program is quit after a question, and says what that means', async () => {
  const station = await open('#/settings');
  const quits = () => station.calls.filter((call) => call.name === 'quit').length;
  await fireEvent.click(await screen.findByRole('button', { name: 'Quit Wellread' }, { timeout: 8000 }));
  const dialog = await screen.findByRole('dialog', { name: 'Quit Wellread?' });
  within(dialog).getByText(/not read until Wellread is started again/);
  expect(quits()).toBe(0);
  await fireEvent.click(within(dialog).getByRole('button', { name: 'Quit' }));
  await waitFor(() => expect(quits()).toBe(1));
});

test('wells get their role from the keys, and the text follows', async () => {
  const station = await open('#/assay/hi@1');
  await fireEvent.click(await screen.findByRole('button', { name: 'New version' }, { timeout: 8000 }));
  const plate = await screen.findByRole('grid');
  const text = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Text of the assay' }).value;
  expect(text()).not.toContain('negative_control');
  const focused = () => plate.querySelector<HTMLElement>('[tabindex="0"]')!;
  await fireEvent.keyDown(focused(), { key: '4' });
  await fireEvent.keyDown(focused(), { key: 'End' });
  for (let n = 0; n < 7; n += 1) await fireEvent.keyDown(focused(), { key: 'ArrowDown', shiftKey: true });
  await waitFor(() => expect(text()).toContain('negative_control = ["A12:H12"]'));
  expect(focused().getAttribute('aria-label')).toBe('H12, Negative control');
  await waitFor(() => expect(station.calls.some((call) => call.name === 'check_assay')).toBe(true));
});

test('the recovery key is offered where there is one', async () => {
  const station = await open('#/settings');
  await fireEvent.click(await screen.findByRole('button', { name: 'Save the recovery key' }, { timeout: 8000 }));
  await waitFor(() =>
    expect(station.calls.find((call) => call.name === 'export_recovery_key')?.args).toEqual({
      path: 'E:\\wellread-recovery.key',
    }),
  );
});

test('the rail is reached and walked by keys', async () => {
  await open('#/runs');
  await screen.findByRole('navigation', { name: 'Main menu' });
  await fireEvent.keyDown(document.body, { key: 'F6' });
  expect(document.activeElement?.textContent, 'where the window is').toContain('Runs');
  await fireEvent.keyDown(document.activeElement!, { key: 'ArrowDown' });
  expect(document.activeElement?.textContent).toContain('Samples');
  await fireEvent.keyDown(document.activeElement!, { key: 'Home' });
  expect(document.activeElement?.textContent).toContain('Bench');
  await fireEvent.keyDown(document.activeElement!, { key: 'F6' });
  expect(document.activeElement?.id, 'and back').toBe('content');
});

test('a screen that cannot be drawn says so, and the next one can', async () => {
  const station = await open('#/help');
  const answer = station.call.bind(station);
  station.call = async (name, args) => {
    const found = await answer(name, args);
    return name === 'bench' ? { ...(found as object), attention: 'not a list' } : found;
  };
  location.hash = '#/bench';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  const alert = await screen.findByRole('alert');
  expect(alert.textContent, 'in words').toContain('Something unexpected happened');
  expect(within(alert).getByRole('button', { name: 'Make a diagnostics bundle' })).not.toBeNull();
  location.hash = '#/help';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  await screen.findByRole('heading', { name: 'Help', level: 1 });
  expect(screen.queryByRole('alert')).toBeNull();
});

test('what waits for headquarters is in sight on every screen, and leads to what is known of it', async () => {
  await open('#/runs', { sync: 'waiting' });
  const mark = await screen.findByRole('link', { name: /No contact, 128 waiting/ });
  for (const part of ['oldest 5 hours ago', 'sent 5 hours ago']) expect(mark.textContent).toContain(part);
  await fireEvent.click(mark);
  window.location.hash = mark.getAttribute('href') ?? '';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  await screen.findByText('The last try to reach headquarters failed.', {}, { timeout: 8000 });
  screen.getByText(/everything waits here and goes by itself\. Next try in 3 minutes\./);
});

test('a network that is away is no trouble of the bench, and what needs a person is', async () => {
  await open('#/bench', { sync: 'waiting' });
  await screen.findByText('Next plate', {}, { timeout: 8000 });
  screen.getByText('Watching');
  expect(screen.queryByText('The last try to reach headquarters failed.'), 'only the line above').toBeNull();
  cleanup();
  await open('#/bench', { sync: 'fenced' });
  const told = await screen.findByText('Headquarters takes nothing from this station now.', {}, { timeout: 8000 });
  expect(told.closest('a')?.getAttribute('href')).toBe('#/sync');
  screen.getByText('Watching');
});

test('a station of its own is told nothing of a headquarters on other screens', async () => {
  await open('#/runs', { sync: 'not-enrolled' });
  const rail = await screen.findByRole('navigation', { name: 'Main menu' });
  expect(within(rail).getByRole('link', { name: 'Sync' }).textContent?.trim(), 'no number beside it').toBe('Sync');
  expect(screen.queryByText(/waiting/)).toBeNull();
});

test('a station joins with an address and a code, and a refused code can be mended', async () => {
  const station = await open('#/sync', { sync: 'not-enrolled' });
  const join = await screen.findByRole('button', { name: 'Join' }, { timeout: 8000 });
  expect(join.title, 'it says what is missing').toBe('Enter the address of headquarters.');
  for (const name of ['Pause', 'Sync now']) {
    const button = screen.getByRole('button', { name });
    expect([button.getAttribute('aria-disabled'), button.title], name).toEqual(['true', 'Join a headquarters first.']);
  }
  await fireEvent.input(screen.getByLabelText('Address of headquarters'), {
    target: { value: ' https://hub.example ' },
  });
  expect(join.title).toBe('Enter the one-time code.');
  await fireEvent.input(screen.getByLabelText('One-time code'), { target: { value: 'OLD' } });
  await fireEvent.submit(join.closest('form')!);
  await screen.findByRole('alert');
  expect(screen.getByLabelText<HTMLInputElement>('One-time code').value, 'there for another try').toBe('OLD');
  await fireEvent.input(screen.getByLabelText('One-time code'), { target: { value: 'LAB-1' } });
  await fireEvent.submit(join.closest('form')!);
  await screen.findByText('Records are on their way to headquarters.');
  expect(station.calls.filter((call) => call.name === 'enrol').at(-1)?.args).toEqual({
    url: 'https://hub.example',
    code: 'LAB-1',
  });
  expect(screen.queryByLabelText('One-time code'), 'the form has done its work').toBeNull();
  screen.getByText('Veterinary Laboratories');
});

test('sending is paused with a reason, and resumed', async () => {
  const station = await open('#/sync', { sync: 'syncing' });
  await fireEvent.click(await screen.findByRole('button', { name: 'Pause' }, { timeout: 8000 }));
  const dialog = await screen.findByRole('dialog', { name: 'Pause sending?' });
  await fireEvent.submit(dialog.querySelector('form')!);
  expect(
    station.calls.some((call) => call.name === 'pause_sync'),
    'not without a reason',
  ).toBe(false);
  await fireEvent.input(within(dialog).getByLabelText('Reason'), { target: { value: 'a dear network' } });
  await fireEvent.submit(dialog.querySelector('form')!);
  await screen.findByText(/Reason: a dear network/);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(screen.getByRole('button', { name: 'Sync now' }).title).toBe('Sending is paused. Resume it first.');
  await fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
  await screen.findByText('Records are on their way to headquarters.');
  const asked = station.calls.filter((call) => /pause|resume/.test(call.name)).map(({ name, args }) => [name, args]);
  expect(asked).toEqual([
    ['pause_sync', { why: 'a dear network' }],
    ['resume_sync', {}],
  ]);
});

test('a fenced station is taken over in two steps, the second with a reason', async () => {
  const station = await open('#/sync', { sync: 'fenced' });
  await fireEvent.click(await screen.findByRole('button', { name: 'This PC goes on' }, { timeout: 8000 }));
  const first = await screen.findByRole('dialog', { name: 'Does this PC go on as Bench 1?' });
  const next = within(first).getByRole('button', { name: 'Go on' });
  expect(next.title, 'not before somebody has made sure').toBe('Make sure of that first.');
  await fireEvent.click(next);
  expect(screen.queryByRole('button', { name: 'Take over' })).toBeNull();
  await fireEvent.click(within(first).getByLabelText(/No other PC works/));
  await fireEvent.click(next);
  const go = await screen.findByRole('button', { name: 'Take over' });
  expect(go.getAttribute('aria-disabled')).toBe('true');
  await fireEvent.input(screen.getByLabelText('Reason'), { target: { value: 'the old disk is gone' } });
  await fireEvent.submit(go.closest('form')!);
  await waitFor(() =>
    expect(station.calls.find((call) => call.name === 'take_over')?.args).toEqual({ why: 'the old disk is gone' }),
  );
  await screen.findByText('Records are on their way to headquarters.');
});

test('who may only look is told why at every control of the sync', async () => {
  await open('#/sync', { sync: 'fenced', as: 'visitor' });
  const over = await screen.findByRole('button', { name: 'This PC goes on' }, { timeout: 8000 });
  for (const button of [over, screen.getByRole('button', { name: 'Pause' })]) {
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.title).toContain('change settings');
  }
});

test('rejected records come first, each with what to do', async () => {
  await open('#/sync', { sync: 'rejected' });
  await screen.findByText('Tell headquarters which one holds.', { exact: false }, { timeout: 8000 });
  screen.getByText('Tell headquarters the number of this record', { exact: false });
  screen.getByText('What headquarters sent and cannot be used here');
  expect(screen.getByRole('tab', { name: /Rejected/ }).getAttribute('aria-selected')).toBe('true');
  screen.getByRole('link', { name: /2 records were rejected by headquarters/ });
});

test('the first start is as short as it was without headquarters, and joins one where it is told to', async () => {
  const fill = async () => {
    await fireEvent.input(await screen.findByLabelText('Name of the station', {}, { timeout: 8000 }), {
      target: { value: 'B' },
    });
    await fireEvent.input(screen.getByLabelText('User name'), { target: { value: 'anong' } });
    for (const label of ['Password', 'Password again']) {
      await fireEvent.input(screen.getByLabelText(label), { target: { value: PASSWORD } });
    }
  };
  const alone = await open('#/', { scene: 'first-start' });
  await fill();
  expect(document.querySelector<HTMLDetailsElement>('details')?.open, 'out of the way').toBe(false);
  await fireEvent.submit(document.querySelector('form')!);
  await screen.findByRole('navigation', { name: 'Main menu' }, { timeout: 8000 });
  expect(
    alone.calls.some((call) => call.name === 'enrol'),
    'nobody is asked',
  ).toBe(false);
  cleanup();
  session.person = null;
  session.start = null;

  const joined = await open('#/', { scene: 'first-start' });
  await fill();
  await fireEvent.input(screen.getByLabelText('Address of headquarters'), { target: { value: 'https://hub.example' } });
  const go = screen.getByRole('button', { name: 'Start the station' });
  expect(go.title, 'half of it is not enough').toBe('Enter the one-time code.');
  await fireEvent.input(screen.getByLabelText('One-time code'), { target: { value: 'OLD' } });
  await fireEvent.submit(document.querySelector('form')!);
  await screen.findByRole('navigation', { name: 'Main menu' }, { timeout: 8000 });
  expect((await screen.findByRole('alert')).textContent, 'the station is there, whatever the hub says').toContain(
    'cannot be used',
  );
  const order = joined.calls.map((call) => call.name);
  expect(order.indexOf('first_start')).toBeLessThan(order.indexOf('enrol'));
});

test('what came from headquarters is told so and cannot be changed here', async () => {
  const station = await open('#/people');
  const row = (await screen.findByText('maria', {}, { timeout: 8000 })).closest('tr')!;
  within(row).getByText('From headquarters');
  for (const name of ['Roles', 'Password', 'Close account']) {
    const button = within(row).getByRole('button', { name });
    expect([button.getAttribute('aria-disabled'), button.title], name).toEqual([
      'true',
      'This account comes from headquarters and is changed there.',
    ]);
    await fireEvent.click(button);
  }
  expect(screen.queryByRole('dialog'), 'nothing opens').toBeNull();
  expect(station.calls.some((call) => call.name === 'set_active')).toBe(false);
});

test('an assay of headquarters is copied and never continued, and offered models are tried as others', async () => {
  await open('#/assay/lab-hi@3');
  const next = await screen.findByRole('button', { name: 'New version' }, { timeout: 8000 });
  expect(next.title).toContain('comes from headquarters');
  expect(screen.getByRole('button', { name: 'Copy as new' }).getAttribute('aria-disabled')).toBeNull();
  screen.getByText('From headquarters');
  location.hash = '#/models';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  const offered = (await screen.findByText('Offered by headquarters')).closest('section')!;
  within(offered).getByText('Better with weak rings; tried at six laboratories.');
  expect(
    within(offered).getByRole('button', { name: 'Try on 50 past plates' }).getAttribute('aria-disabled'),
  ).toBeNull();
});
