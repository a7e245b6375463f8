import { locale } from './locale.svelte';
import type { Now } from './api/shapes';

// Formatters are dear to make and rows are many, so each is kept by language and options.
const kept = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${locale.tag}${JSON.stringify(options)}`;
  let format = kept.get(key) as Intl.NumberFormat | undefined;
  if (!format) kept.set(key, (format = new Intl.NumberFormat(locale.tag, options)));
  return format;
}

function date(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${locale.tag}${JSON.stringify(options)}`;
  let format = kept.get(key) as Intl.DateTimeFormat | undefined;
  if (!format) kept.set(key, (format = new Intl.DateTimeFormat(locale.tag, options)));
  return format;
}

export const count = (n: number): string => number({ maximumFractionDigits: 0 }).format(n);

export const decimal = (n: number, digits = 2): string =>
  number({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n);

/** As it is, with at most four digits after the point: 0.125, 64. */
export const plain = (n: number): string => number({ maximumFractionDigits: 4 }).format(n);

/** Rounded down, so that 100 % is said of certainty alone. */
export const percent = (share: number): string =>
  number({ style: 'percent', maximumFractionDigits: 0 }).format(Math.floor(share * 100) / 100);

export const titre = (value: number): string =>
  `1:${number({ maximumFractionDigits: 1, useGrouping: false }).format(value)}`;

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function bytes(n: number): string {
  const step = n < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(n) / 3));
  const unit = UNITS[step] ?? 'byte';
  return number({ style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: step > 1 ? 1 : 0 }).format(
    n / 1000 ** step,
  );
}

/** A moment as the clock on the station's wall showed it, whatever zone the window is in. */
function wall(at: Now | number): { ms: number; zone: string | undefined } {
  return typeof at === 'number' ? { ms: at, zone: undefined } : { ms: at.utc_ms + at.offset_min * 60_000, zone: 'UTC' };
}

function shown(at: Now | number, options: Intl.DateTimeFormatOptions): string {
  const { ms, zone } = wall(at);
  return date(zone ? { ...options, timeZone: zone } : options).format(ms);
}

export const dateTime = (at: Now | number): string => shown(at, { dateStyle: 'medium', timeStyle: 'short' });
export const day = (at: Now | number): string => shown(at, { dateStyle: 'medium' });
export const clock = (at: Now | number): string => shown(at, { hour: '2-digit', minute: '2-digit' });
export const exact = (at: Now | number): string => shown(at, { dateStyle: 'medium', timeStyle: 'medium' });

const AGES: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

function relative(): Intl.RelativeTimeFormat {
  const key = `r${locale.tag}`;
  let format = kept.get(key) as Intl.RelativeTimeFormat | undefined;
  if (!format) kept.set(key, (format = new Intl.RelativeTimeFormat(locale.tag, { numeric: 'auto' })));
  return format;
}

/** How long ago, in the largest unit that fits. */
export function ago(thenMs: number, nowMs: number): string {
  const age = nowMs - thenMs;
  for (const [unit, ms] of AGES) if (age >= ms) return relative().format(-Math.floor(age / ms), unit);
  return relative().format(0, 'minute');
}

/** In how long, in the largest unit that fits. */
export function ahead(inMs: number): string {
  for (const [unit, ms] of AGES) if (inMs >= ms) return relative().format(Math.round(inMs / ms), unit);
  return relative().format(0, 'minute');
}

export function list(items: string[]): string {
  return new Intl.ListFormat(locale.tag, { style: 'narrow', type: 'unit' }).format(items);
}
