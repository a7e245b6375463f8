import { describe, expect, test } from 'vitest';
import { Fault } from '../api/backend';
import type { Listed, Page } from '../api/shapes';
import { Paged, afterPaint } from './paged.svelte';

/** A list from `total` down to 1, as runs are listed. */
function listing(total: number, asked: Page[] = []) {
  return async (page: Page): Promise<Listed<number>> => {
    asked.push(page);
    const from = (page.after ?? total + 1) - 1;
    const rows = Array.from({ length: Math.max(0, Math.min(page.limit, from)) }, (_, n) => from - n);
    return { rows, next: from - rows.length > 0 ? (rows[rows.length - 1] ?? null) : null };
  };
}
/** The next page comes once the first has been painted. */
const painted = () => new Promise<void>(afterPaint);
const settle = async () => {
  for (let n = 0; n < 40; n += 1) await Promise.resolve();
};

describe('a long list', () => {
  test('grows while it is scrolled, to its very end', async () => {
    const paged = new Paged(listing(100_000));
    await paged.reload();
    expect(paged.row(0), 'the first row is there at once').toBe(100_000);
    await painted();
    for (let row = 0; row < 100_000; row += 200) {
      paged.seen(row, row + 30);
      await settle();
      expect(paged.row(row + 30), 'what is in sight is never a ghost for long').toBe(100_000 - row - 30);
    }
    expect(paged.length, 'and then its length is known').toBe(100_000);
    expect(paged.ended).toBe(true);
  });

  test('drops pages far away and brings them back by their own key', async () => {
    const asked: Page[] = [];
    const paged = new Paged(listing(100_000, asked));
    await paged.reload();
    expect(asked, 'what is not in sight can wait').toEqual([{ after: null, limit: 60 }]);
    await painted();
    for (let row = 0; row < 40_000; row += 200) {
      paged.seen(row, row + 30);
      await settle();
    }
    expect(paged.row(0), 'the beginning was dropped').toBeUndefined();
    const before = asked.length;
    paged.seen(0, 30);
    await settle();
    expect(paged.row(0), 'and came back').toBe(100_000);
    expect(asked.length - before, 'without walking there').toBeLessThanOrEqual(4);
  });

  test('an answer to an older question is not shown', async () => {
    let release = (): void => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    let first = true;
    const paged = new Paged<string>(async () => {
      if (!first) return { rows: ['new'], next: null };
      first = false;
      await slow;
      return { rows: ['old'], next: null };
    });
    const older = paged.reload();
    await paged.reload();
    release();
    await older;
    expect(paged.row(0), 'the search typed last wins').toBe('new');
  });

  test('a plate that comes does not move who looks at older ones', async () => {
    let total = 5000;
    const paged = new Paged<number>((page) => listing(total)(page));
    await paged.reload();
    await painted();
    for (let row = 0; row <= 2000; row += 200) {
      paged.seen(row, row + 30);
      await settle();
    }
    total += 1;
    await paged.refresh();
    expect(paged.row(2000), 'the place is kept').toBe(3000);
    paged.seen(0, 30);
    await settle();
    expect(paged.row(0), 'back at the top the new one is there').toBe(5001);
  });

  test('a fault is kept, and reloading clears it', async () => {
    let broken = true;
    const paged = new Paged<number>(async (page) => {
      if (broken) throw new Fault({ code: 'busy', message: 'locked' });
      return listing(3)(page);
    });
    await paged.reload();
    expect(paged.fault?.code, 'the screen can say what happened').toBe('busy');
    broken = false;
    await paged.reload();
    expect(paged.fault).toBeNull();
    expect(paged.length).toBe(3);
  });
});
