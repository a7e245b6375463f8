import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { closesAfterEach, open } from '../../tests/open';

closesAfterEach();

test('a plate is reviewed by keys alone', async () => {
  const station = await open('#/review/01a1ff89-run0-7000-8000-00000000019b');
  const plate = await screen.findByRole('grid');
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
  const accept = await screen.findByRole('button', { name: 'Accept' });
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

test('a plate that arrives while another is reviewed leaves the review alone', async () => {
  const station = await open('#/review/01a1ff89-run0-7000-8000-00000000019b');
  await screen.findByRole('grid');
  const title = document.querySelector('h1')?.textContent;
  const listed = vi.fn();
  station.on('changed', listed);
  station.arrive();
  await waitFor(() => expect(listed).toHaveBeenCalled());
  expect(document.querySelector('h1')?.textContent).toBe(title);
});

test('a key changes the two wells that it goes between and no other', async () => {
  await open('#/review/01a1ff89-run0-7000-8000-00000000019b');
  await waitFor(() => expect(document.querySelector('[data-well][tabindex="0"]')).not.toBeNull());
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
