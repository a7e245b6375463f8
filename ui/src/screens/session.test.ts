import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { closesAfterEach, open } from '../../tests/open';
import * as commands from '../lib/api/commands';
import { Fault } from '../lib/api/backend';
import { PASSWORD } from '../lib/api/scripted/station';

closesAfterEach();

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
  await screen.findByText('Next plate');
  await station.call('lock', {});
  await expect(commands.bench()).rejects.toMatchObject({ code: 'locked' });
  await waitFor(() =>
    expect(screen.queryByRole('navigation', { name: 'Main menu' }), 'its results are out of sight').toBeNull(),
  );
});

test('the first start says what is missing until nothing is', async () => {
  const station = await open('#/', { scene: 'first-start' });
  await screen.findByRole('button', { name: 'Start the station' });
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
  await screen.findByRole('navigation', { name: 'Main menu' });
  const sent = station.calls.find((call) => call.name === 'first_start')?.args['order'];
  expect(sent).toMatchObject({ station: 'Bench 2', simulated: true, encryption: { kind: 'keyring' } });
  expect(sent, 'the folders that were suggested').toMatchObject({ deliver: 'C:\\Users\\bench\\Documents\\Results' });
});

test('a link from outside opens the run, after signing in where the station is locked', async () => {
  const run = '01a1ff89-run0-7000-8000-00000000019a';
  const station = await open('#/bench', { scene: 'signed-out' });
  station.follow(run);
  await fireEvent.input(screen.getByLabelText('User name'), { target: { value: 'anong' } });
  await fireEvent.input(screen.getByLabelText('Password'), { target: { value: PASSWORD } });
  await fireEvent.submit(document.querySelector('form')!);
  await waitFor(() => expect(station.calls.find((call) => call.name === 'run')?.args).toEqual({ run_id: run }));
});

test('a restored station begins at its sign-in', async () => {
  await open('#/settings');
  await fireEvent.click(await screen.findByRole('button', { name: 'Restore' }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Choose a backup' }));
  await screen.findByText('Locked');
});

test('a restore may be stopped while nobody is signed in', async () => {
  const station = await open('#/settings', { slow: true });
  await fireEvent.click(await screen.findByRole('button', { name: 'Restore' }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Choose a backup' }));
  const waiting = await screen.findByRole('heading', { name: 'Restoring a backup', level: 1 });
  await fireEvent.click(within(waiting.closest('main')!).getByRole('button', { name: 'Cancel' }));
  const task = station.calls.find((call) => call.name === 'cancel')?.args['task'] as string;
  const fault = { code: 'cancelled', message: '' };
  station.emit('task', { id: task, name: 'restore', done: 3, total: 1200, ended: { fault } });
  await screen.findByText('Locked');
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
