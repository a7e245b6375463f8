import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { closesAfterEach, open } from '../../tests/open';
import { PASSWORD } from '../lib/api/scripted/station';
import { session } from '../lib/state/session.svelte';

closesAfterEach();

test('what waits for headquarters is in sight on every screen, and leads to what is known of it', async () => {
  await open('#/runs', { sync: 'waiting' });
  const mark = await screen.findByRole('link', { name: /No contact, 128 waiting/ });
  for (const part of ['oldest 5 hours ago', 'sent 5 hours ago']) expect(mark.textContent).toContain(part);
  await fireEvent.click(mark);
  window.location.hash = mark.getAttribute('href') ?? '';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  await screen.findByText('The last try to reach headquarters failed.');
  screen.getByText(/everything waits here and goes by itself\. Next try in 3 minutes\./);
});

test('a network that is away is no trouble of the bench, and what needs a person is', async () => {
  await open('#/bench', { sync: 'waiting' });
  await screen.findByText('Next plate');
  screen.getByText('Watching');
  expect(screen.queryByText('The last try to reach headquarters failed.'), 'only the line above').toBeNull();
  cleanup();
  await open('#/bench', { sync: 'fenced' });
  const told = await screen.findByText('Headquarters takes nothing from this station now.');
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
  const join = await screen.findByRole('button', { name: 'Join' });
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
  await fireEvent.click(await screen.findByRole('button', { name: 'Pause' }));
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
  await fireEvent.click(await screen.findByRole('button', { name: 'This PC goes on' }));
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
  const over = await screen.findByRole('button', { name: 'This PC goes on' });
  for (const button of [over, screen.getByRole('button', { name: 'Pause' })]) {
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.title).toContain('change settings');
  }
});

test('rejected records come first, each with what to do', async () => {
  await open('#/sync', { sync: 'rejected' });
  await screen.findByText('Tell headquarters which one holds.', { exact: false });
  screen.getByText('Tell headquarters the number of this record', { exact: false });
  screen.getByText('What headquarters sent and cannot be used here');
  expect(screen.getByRole('tab', { name: /Rejected/ }).getAttribute('aria-selected')).toBe('true');
  screen.getByRole('link', { name: /2 records were rejected by headquarters/ });
});

test('the first start is as short as it was without headquarters, and joins one where it is told to', async () => {
  const fill = async () => {
    await fireEvent.input(await screen.findByLabelText('Name of the station'), {
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
  await screen.findByRole('navigation', { name: 'Main menu' });
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
  await screen.findByRole('navigation', { name: 'Main menu' });
  expect((await screen.findByRole('alert')).textContent, 'the station is there, whatever the hub says').toContain(
    'cannot be used',
  );
  const order = joined.calls.map((call) => call.name);
  expect(order.indexOf('first_start')).toBeLessThan(order.indexOf('enrol'));
});

test('what came from headquarters is told so and cannot be changed here', async () => {
  const station = await open('#/people');
  const row = (await screen.findByText('maria')).closest('tr')!;
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
  const next = await screen.findByRole('button', { name: 'New version' });
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

test('a setting of headquarters is marked, and says that it is changed there', async () => {
  const station = await open('#/settings');
  const theirs = (await screen.findByText('Wrong passwords until an account locks')).closest('li')!;
  within(theirs).getByText('From headquarters');
  const change = within(theirs).getByRole('button', { name: /^Change/ });
  expect([change.getAttribute('aria-disabled'), change.title]).toEqual([
    'true',
    'Headquarters set this, and it is changed there.',
  ]);
  await fireEvent.click(change);
  expect(screen.queryByRole('dialog'), 'nothing opens').toBeNull();
  expect(screen.getAllByText('From headquarters').length, 'and no other setting').toBe(1);
  expect(station.calls.some((call) => call.name === 'set_setting')).toBe(false);
});

test('a layout of headquarters is listed, and an assay of ones own begins with it', async () => {
  const station = await open('#/assays');
  const layouts = (await screen.findByRole('heading', { name: 'Plate layouts' })).closest('section')!;
  const row = within(layouts).getByText('Eight sera with controls').closest('tr')!;
  within(row).getByText('From headquarters');
  within(row).getByText('8');
  location.hash = '#/assay/hi@1';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  await fireEvent.click(await screen.findByRole('button', { name: 'Copy as new' }));
  const text = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Text of the assay' }).value;
  expect(text(), 'none yet').not.toContain('negative_control');
  const choice = await screen.findByLabelText<HTMLSelectElement>('Begin with a layout');
  await fireEvent.change(choice, { target: { value: 'hi-8-sera' } });
  await waitFor(() => expect(text()).toContain('negative_control = ["A12:H12"]'));
  expect(choice.value, 'ready for another choice').toBe('');
  expect(
    station.calls.some((call) => call.name === 'save_assay'),
    'nothing is kept yet',
  ).toBe(false);
});

test('an assay that headquarters chose is chosen there', async () => {
  const station = await open('#/bench');
  const settings = (await station.call('settings', {})) as { name: string; origin: string }[];
  const answer = station.call.bind(station);
  station.call = async (name, args) =>
    name === 'settings'
      ? settings.map((one) => (one.name === 'assay' ? { ...one, origin: 'hub' } : one))
      : answer(name, args);
  location.hash = '#/assays';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  const [use] = await screen.findAllByRole('button', { name: 'Use for new plates' });
  await waitFor(() => expect(use?.title).toBe('Headquarters set this, and it is changed there.'));
});
