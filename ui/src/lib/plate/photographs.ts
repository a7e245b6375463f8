/** So many photographs are kept decoded: the one on the screen, and the one before it. */
const MOST = 2;
const known = new Map<string, Promise<HTMLImageElement>>();

/** A photograph, fetched and decoded once for all that show it. */
export function photograph(url: string): Promise<HTMLImageElement> {
  const found = known.get(url);
  if (found) return found;
  const image = new Image();
  image.src = url;
  const decoded = image.decode().then(() => image);
  known.set(url, decoded);
  // One that did not come is asked for again the next time.
  decoded.catch(() => known.delete(url));
  for (const oldest of [...known.keys()].slice(0, -MOST)) known.delete(oldest);
  return decoded;
}

/** Keeps none: a locked window holds no plate. */
export const forgetPhotographs = (): void => known.clear();
