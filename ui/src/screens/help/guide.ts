import type { Locale } from '../../lib/locale.svelte';

/** What the build makes of one file of `docs/guide`. */
interface Page {
  title: string;
  html: string;
  text: string;
}

export interface Chapter extends Page {
  id: string;
}

const PAGES: Record<Locale, Record<string, Page>> = {
  en: import.meta.glob<Page>('../../../../docs/guide/en/*.md', { eager: true }),
  th: import.meta.glob<Page>('../../../../docs/guide/th/*.md', { eager: true }),
};

/** The guide in a language, in the order of its files' numbers. */
export function chapters(locale: Locale): Chapter[] {
  return Object.entries(PAGES[locale])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { title, html, text }]) => {
      const id = /\d*-?([^/]*)\.md$/.exec(path)?.[1] ?? path;
      return { id, title, html, text };
    });
}

const AROUND_CHARS = 36;

/** The chapters that hold what is looked for, each with the place where it stands. */
export function find(all: Chapter[], wanted: string): { chapter: Chapter; excerpt: string }[] {
  const word = wanted.trim().toLowerCase();
  if (word === '') return all.map((chapter) => ({ chapter, excerpt: '' }));
  return all.flatMap((chapter) => {
    const at = chapter.text.toLowerCase().indexOf(word);
    if (at < 0) return [];
    const from = Math.max(0, at - AROUND_CHARS);
    const piece = chapter.text.slice(from, at + word.length + AROUND_CHARS).trim();
    return [{ chapter, excerpt: `${from > 0 ? '…' : ''}${piece}…` }];
  });
}
