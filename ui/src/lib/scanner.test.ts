import { expect, test } from 'vitest';
import { ScannerEar } from './scanner';

function hear(ear: ScannerEar, text: string, gapMs: number, startMs = 1000): string | null {
  let heard: string | null = null;
  [...text, 'Enter'].forEach((key, n) => {
    heard = ear.hear(key, startMs + n * gapMs) ?? heard;
  });
  return heard;
}

test('a burst that ends with Enter is a scan, whatever it holds', () => {
  expect(hear(new ScannerEar(), 'S17,T2,3', 8), 'commas are part of the code').toBe('S17,T2,3');
  expect(hear(new ScannerEar(), 'S17|T2|3', 29), 'just within 30 ms a key').toBe('S17|T2|3');
});

test('typing is none, however short the words', () => {
  expect(hear(new ScannerEar(), 'S17', 120), 'a quick typist').toBeNull();
  expect(hear(new ScannerEar(), 'S17', 30), 'at the limit it counts as typing').toBeNull();
});

test('a scan after typing holds the scan alone', () => {
  const ear = new ScannerEar();
  for (const [n, key] of [...'AB'].entries()) ear.hear(key, n * 200);
  expect(hear(ear, 'S99,T1,2', 5, 5000), 'what was typed before is not part of it').toBe('S99,T1,2');
});

test('keys that write nothing do not break a scan', () => {
  const ear = new ScannerEar();
  const keys = ['Shift', 'S', 'Shift', '1', '7'];
  keys.forEach((key, n) => ear.hear(key, 100 + n * 5));
  expect(ear.hear('Enter', 130), 'scanners send Shift for capital letters').toBe('S17');
});

test('two fingers at once are no scan', () => {
  expect(hear(new ScannerEar(), 'ab', 5), 'fewer than three characters').toBeNull();
});
