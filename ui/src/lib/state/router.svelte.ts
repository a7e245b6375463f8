/** Where the window is: the hash, so that a reload and the back key find the same place. */
export const SCREENS = [
  'bench',
  'review',
  'runs',
  'samples',
  'sample',
  'files',
  'sync',
  'assays',
  'assay',
  'models',
  'people',
  'audit',
  'settings',
  'help',
  'diagnostics',
] as const;
export type Screen = (typeof SCREENS)[number];

export interface Route {
  screen: Screen;
  /** What comes after the screen's name: an id, a sample number, a chapter. */
  id: string | null;
  query: URLSearchParams;
}

export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name = '', ...rest] = path.split('/');
  const screen = SCREENS.find((known) => known === name) ?? 'bench';
  const id = rest.length > 0 ? decode(rest.join('/')) : null;
  return { screen, id, query: new URLSearchParams(query) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A link typed by hand may hold a lone percent sign.
  }
}

export function href(screen: Screen, id?: string | null, query?: Record<string, string>): string {
  const path = id == null ? `#/${screen}` : `#/${screen}/${encodeURIComponent(id)}`;
  return query ? `${path}?${new URLSearchParams(query)}` : path;
}

class Router {
  route = $state.raw<Route>(parseHash(location.hash));

  constructor() {
    addEventListener('hashchange', () => (this.route = parseHash(location.hash)));
  }

  go(screen: Screen, id?: string | null, query?: Record<string, string>): void {
    location.hash = href(screen, id, query);
  }
}

export const router = new Router();
