export type Theme = 'light' | 'dark' | 'system';
export const THEMES: Theme[] = ['light', 'dark', 'system'];

const KEPT = 'wellread.theme';

function isTheme(text: unknown): text is Theme {
  return THEMES.some((known) => known === text);
}

/** Light, dark, or as the system has it. */
class ThemeState {
  current = $state<Theme>('system');

  start(): void {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#paint());
    const kept = localStorage.getItem(KEPT);
    this.current = isTheme(kept) ? kept : 'system';
    this.#paint();
  }

  choose(theme: Theme): void {
    localStorage.setItem(KEPT, theme);
    this.current = theme;
    this.#paint();
  }

  #paint(): void {
    const dark =
      this.current === 'dark' || (this.current === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  }
}

export const theme = new ThemeState();
