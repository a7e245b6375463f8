import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { closesAfterEach, open } from '../../tests/open';
import * as commands from '../lib/api/commands';
import { useBackend } from '../lib/api/backend';
import { ScriptedStation } from '../lib/api/scripted/station';

closesAfterEach();

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

test('a scan enters the next plate wherever the focus is, and typing does not', async () => {
  const station = await open('#/bench');
  await screen.findByText('Next plate');
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

test('a dropped picture goes as bytes, with its name in a header', async () => {
  const station = await open('#/bench');
  await screen.findByText('Next plate');
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
  const head = await screen.findByRole('button', { name: 'Read' });
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
  const trial = await screen.findByRole('button', { name: 'Try on 50 past plates' });
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

test('the program is quit after a question, and says what that means', async () => {
  const station = await open('#/settings');
  const quits = () => station.calls.filter((call) => call.name === 'quit').length;
  await fireEvent.click(await screen.findByRole('button', { name: 'Quit Wellread' }));
  const dialog = await screen.findByRole('dialog', { name: 'Quit Wellread?' });
  within(dialog).getByText(/not read until Wellread is started again/);
  expect(quits()).toBe(0);
  await fireEvent.click(within(dialog).getByRole('button', { name: 'Quit' }));
  await waitFor(() => expect(quits()).toBe(1));
});

test('wells get their role from the keys, and the text follows', async () => {
  const station = await open('#/assay/hi@1');
  await fireEvent.click(await screen.findByRole('button', { name: 'New version' }));
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
  await fireEvent.click(await screen.findByRole('button', { name: 'Save the recovery key' }));
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
