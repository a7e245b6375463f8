import { overwriteGetLocale } from './paraglide/runtime';

export type Locale = 'en' | 'th';
export const LOCALES: Locale[] = ['en', 'th'];

const KEPT = 'wellread.locale';

function isLocale(text: unknown): text is Locale {
  return LOCALES.some((known) => known === text);
}

/** The language of the window. It belongs to the account on this PC, so it is kept with the window, not the station. */
class LocaleState {
  current = $state<Locale>('en');

  start(): void {
    const kept = localStorage.getItem(KEPT);
    const system = navigator.language.slice(0, 2);
    this.#become([kept, system].find(isLocale) ?? 'en');
  }

  choose(locale: Locale): void {
    localStorage.setItem(KEPT, locale);
    this.#become(locale);
  }

  /** For `Intl`: Thai dates with the Western year and digits, as laboratories write them. */
  get tag(): string {
    return this.current === 'th' ? 'th-TH-u-ca-gregory-nu-latn' : 'en-GB';
  }

  #become(locale: Locale): void {
    this.current = locale;
    document.documentElement.lang = locale;
  }
}

export const locale = new LocaleState();
overwriteGetLocale(() => locale.current);
