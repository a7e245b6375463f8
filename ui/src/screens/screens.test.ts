import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../App.svelte';
import * as commands from '../lib/api/commands';
import { useBackend } from '../lib/api/backend';
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
  expect(sent).toMatchObject({ station: 'Bench 2', simulated: true, deliver: null, encryption: { kind: 'keyring' } });
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
