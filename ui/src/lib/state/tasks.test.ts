import { expect, test } from 'vitest';
import { useBackend } from '../api/backend';
import { ScriptedStation } from '../api/scripted/station';
import type { TaskEvent } from '../api/shapes';
import { tasks } from './tasks.svelte';

const station = new ScriptedStation();
useBackend(station);
tasks.listen();

const told = (id: string, ended: TaskEvent['ended']) =>
  station.emit('task', { id, name: 'bundle', done: 1, total: 1, ended });

test('an end that comes before the answer is kept for it', async () => {
  const made = tasks.run('early', async () => {
    told('early-0', null);
    told('early-0', { ok: 'made' });
    return 'early-0';
  });
  expect(tasks.busy('early')).toBe(true);
  expect(await made).toBe('made');
  expect(tasks.busy('early')).toBe(false);
  expect(tasks.running).toEqual([]);
});

test('an end that comes after the answer is waited for', async () => {
  const made = tasks.run('late', async () => 'late-0');
  await Promise.resolve();
  await Promise.resolve();
  told('late-0', null);
  expect(tasks.running.map((task) => task.id)).toEqual(['late-0']);
  told('late-0', { ok: 7 });
  expect(await made).toBe(7);
  expect(tasks.running).toEqual([]);
});

test('a fault that comes before the answer is thrown all the same', async () => {
  const fault = { code: 'disk-full', message: '' };
  const made = tasks.run('full', async () => {
    told('full-0', { fault });
    return 'full-0';
  });
  await expect(made).rejects.toMatchObject({ code: 'disk-full' });
  expect(tasks.busy('full')).toBe(false);
});
