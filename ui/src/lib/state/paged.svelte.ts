import { Fault } from '../api/backend';
import type { Listed, Page } from '../api/shapes';

const PAGE_ROWS = 200;
/** The first page holds what can be in sight and a little more, so that it is there at once. */
const FIRST_ROWS = 60;
const pageOf = (row: number): number => (row < FIRST_ROWS ? 0 : 1 + Math.floor((row - FIRST_ROWS) / PAGE_ROWS));
const startOf = (page: number): number => (page === 0 ? 0 : FIRST_ROWS + (page - 1) * PAGE_ROWS);
/** After the next frame has been painted. */
export const afterPaint = (work: () => void): void => void requestAnimationFrame(() => setTimeout(work));
const PAGES_AHEAD = 2;
/** Pages kept in memory; with 200 rows each that is some ten megabytes at most. */
const MOST_PAGES = 60;
/** So far from the top a list is still at its beginning. */
const NEAR_TOP_ROWS = 20;

/**
 * A long list over keyset paging. The place where each page begins is kept, so that a page that was dropped is asked for
 * again by itself, without walking there.
 */
export class Paged<T> {
  /** How many rows the list shows now: those known of, and a few to scroll into while the next page comes. */
  length = $state(0);
  fault = $state.raw<Fault | null>(null);
  /** Whether the first page has come. */
  ready = $state(false);
  /** Raised with every new beginning, when the same row may stand at another place. */
  begun = $state(0);
  /** Raised whenever a page comes or goes, so that rows are looked up again. */
  #version = $state(0);
  #pages = new Map<number, T[]>();
  #starts: (number | null)[] = [null];
  #asked = new Set<number>();
  #end: number | null = null;
  #turn = 0;
  #sight = { first: 0, last: 0 };
  /** Whether the list has changed while somebody looked at a later part of it. */
  #stale = false;
  #ahead = PAGES_AHEAD;
  readonly #ask: (page: Page) => Promise<Listed<T>>;

  constructor(ask: (page: Page) => Promise<Listed<T>>) {
    this.#ask = ask;
  }

  /** Begins anew; what is shown stays until the first page has come, so that nothing blinks. */
  async reload(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const listed = await this.#ask({ after: null, limit: FIRST_ROWS });
      if (turn !== this.#turn) return; // A newer question is on its way.
      this.#pages.clear();
      this.#asked.clear();
      this.#starts = [null];
      this.#end = null;
      this.fault = null;
      this.#keep(0, listed);
      this.ready = true;
      this.#stale = false;
      this.begun += 1;
      // What is not in sight comes after what is has been painted.
      this.#ahead = 0;
      this.seen(this.#sight.first, this.#sight.last);
      afterPaint(() => {
        this.#ahead = PAGES_AHEAD;
        if (turn === this.#turn) this.seen(this.#sight.first, this.#sight.last);
      });
    } catch (thrown) {
      if (turn === this.#turn) this.fault = Fault.of(thrown);
    }
  }

  /** Begins anew if the beginning is in sight, and else as soon as it is: nobody's place is lost to a plate that comes. */
  async refresh(): Promise<void> {
    if (this.#sight.first > NEAR_TOP_ROWS) this.#stale = true;
    else await this.reload();
  }

  row(index: number): T | undefined {
    void this.#version;
    const page = pageOf(index);
    return this.#pages.get(page)?.[index - startOf(page)];
  }

  /** Whether the end of the list is known. */
  get ended(): boolean {
    void this.#version;
    return this.#end !== null;
  }

  /** Says which rows are in sight, and brings the pages around them. */
  seen(first: number, last: number): void {
    this.#sight = { first, last };
    if (this.#stale && first <= NEAR_TOP_ROWS) {
      this.#stale = false;
      void this.reload();
      return;
    }
    const [from, to] = [pageOf(first), pageOf(last)];
    // Pages ahead, so that a quick scroll meets rows and not their ghosts.
    for (let page = Math.max(0, from - 1); page <= to + this.#ahead; page += 1) void this.#bring(page);
    if (this.#pages.size <= MOST_PAGES) return;
    for (const page of [...this.#pages.keys()]) {
      if (page < from - MOST_PAGES / 3 || page > to + MOST_PAGES / 3) this.#pages.delete(page);
    }
  }

  async #bring(page: number): Promise<void> {
    const after = this.#starts[page];
    if (after === undefined || this.#pages.has(page) || this.#asked.has(page)) return;
    this.#asked.add(page);
    const turn = this.#turn;
    try {
      const listed = await this.#ask({ after, limit: page === 0 ? FIRST_ROWS : PAGE_ROWS });
      if (turn !== this.#turn) return;
      this.#keep(page, listed);
    } catch (thrown) {
      if (turn === this.#turn) this.fault = Fault.of(thrown);
    } finally {
      this.#asked.delete(page);
    }
  }

  #keep(page: number, { rows, next }: Listed<T>): void {
    this.#pages.set(page, rows);
    if (next === null) this.#end = startOf(page) + rows.length;
    else this.#starts[page + 1] = next;
    // While the end is unknown the list is a page longer than what is known, to scroll into.
    this.length = this.#end ?? startOf(this.#starts.length);
    this.#version += 1;
  }
}
