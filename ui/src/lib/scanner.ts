/** Keys of a scanner that acts as a keyboard come closer together than any hand types. */
const SCANNER_GAP_MS = 30;
/** A shorter burst may be two fingers on neighbouring keys. */
const FEWEST_CHARS = 3;

/**
 * Tells a keyboard-wedge scanner from typing: all keys of a scan come less than 30 ms apart and end with Enter.
 * Times are passed in, so that a test needs no clock.
 */
export class ScannerEar {
  #text = '';
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Hears a key; returns the scanned text once Enter ends it. */
  hear(key: string, atMs: number): string | null {
    const quick = atMs - this.#lastMs < SCANNER_GAP_MS;
    this.#lastMs = atMs;
    if (key === 'Enter') {
      const scanned = quick && this.#text.length >= FEWEST_CHARS ? this.#text : null;
      this.#text = '';
      return scanned;
    }
    if ([...key].length !== 1) return null; // Shift and its like come between the characters of a scan.
    this.#text = quick ? this.#text + key : key;
    return null;
  }

  /** Whether the keys so far look like a scan. */
  get scanning(): boolean {
    return this.#text.length >= FEWEST_CHARS;
  }
}
