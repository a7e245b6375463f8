// The list of runs: filtered, in one of its orders, page by page.
import type * as T from '../shapes';
import { identityOf } from './runs';

const hayOf = (line: T.RunLine): string =>
  `${line.sample_no} ${line.submission_no} ${line.plate_no} ${line.file_name ?? ''}`.toLowerCase();

function fits(filter: T.RunFilter, line: T.RunLine): boolean {
  if (filter.disposition && line.disposition !== filter.disposition) return false;
  if (filter.status && line.status !== filter.status) return false;
  if (filter.sample_no && line.sample_no !== filter.sample_no) return false;
  if (filter.from_ms && line.predict_at.utc_ms < filter.from_ms) return false;
  if (filter.to_ms && line.predict_at.utc_ms >= filter.to_ms) return false;
  return true;
}

export class RunList {
  #line: (seq: number) => T.RunLine;
  #hay: string[] = [];
  #bySample: number[] | null = null;

  constructor(line: (seq: number) => T.RunLine) {
    this.#line = line;
  }

  /** A run is another than before. */
  forget(seq: number): void {
    delete this.#hay[seq];
  }

  page(total: number, { filter, page }: { filter: T.RunFilter; page: T.Page }): T.Listed<T.RunLine> {
    const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    // A real station has an index; here the words of every run are kept after the first search.
    const says = (seq: number): boolean => {
      const hay = (this.#hay[seq] ??= hayOf(this.#line(seq)));
      return words.every((word) => hay.includes(word));
    };
    const rows: T.RunLine[] = [];
    const at = this.#placeIn(filter.order, total);
    let place = page.after ?? 0;
    for (; place < total && rows.length < page.limit; place += 1) {
      const seq = at(place);
      if (words.length > 0 && !says(seq)) continue;
      const line = this.#line(seq);
      if (fits(filter, line)) rows.push(line);
    }
    return { rows, next: place < total ? place : null };
  }

  /** Which run stands at a place of the list. */
  #placeIn(order: T.RunOrder, total: number): (place: number) => number {
    if (order === 'newest') return (place) => total - place;
    if (order === 'oldest') return (place) => place + 1;
    if (this.#bySample?.length !== total) {
      const names = Array.from({ length: total }, (_, n) => identityOf(n + 1).sample_no);
      const alike = (a: number, b: number) => ((names[a - 1] ?? '') < (names[b - 1] ?? '') ? -1 : 1);
      this.#bySample = names.map((_, n) => n + 1).sort(alike);
    }
    const sorted = this.#bySample;
    return (place) => sorted[place] ?? 1;
  }
}
