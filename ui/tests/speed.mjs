// How quick the window is over the scripted station, which answers at once: what is measured is the window alone.
// The last line is one JSON object.
import { chromium } from 'playwright-core';
import { preview } from 'vite';

const root = new URL('..', import.meta.url).pathname;
const server = await preview({
  root,
  mode: 'scripted',
  preview: { port: 4197, host: '127.0.0.1' },
  build: { outDir: 'dist-scripted' },
});
const base = `${server.resolvedUrls.local[0]}scripted.html`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });

/** From a key to the frame that shows it, in milliseconds, for each of the keys. */
function keys(pressed) {
  const painted = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now());
        channel.port2.postMessage(null);
      }),
    );
  return pressed.reduce(async (before, key) => {
    const times = await before;
    const from = performance.now();
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    return [...times, (await painted()) - from];
  }, Promise.resolve([]));
}

/** Scrolls a long list down for a while; counts the frames in which a row in sight was still a ghost. */
async function scroll(stepPx) {
  const list = document.querySelector('main [role=grid]');
  const frames = { all: 0, blank: 0 };
  for (let n = 0; n < 240; n += 1) {
    list.scrollTop += stepPx;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const box = list.getBoundingClientRect();
    const rows = [...list.querySelectorAll('[role=row][aria-rowindex]')].filter((row) => {
      const at = row.getBoundingClientRect();
      return at.bottom > box.top + 48 && at.top < box.bottom;
    });
    const covered = rows.reduce((sum, row) => sum + row.getBoundingClientRect().height, 0);
    frames.all += 1;
    if (covered < box.height - 48 - 56 || rows.some((row) => row.querySelector('span.bg-line'))) frames.blank += 1;
  }
  return frames;
}

const p95 = (times) => Math.round([...times].sort((a, b) => a - b)[Math.floor(times.length * 0.95)] * 10) / 10;

await page.goto(`${base}#/review/01a1ff89-run0-7000-8000-00000000019b`);
await page.locator('[data-well]').first().waitFor();
await page.waitForTimeout(1500);
const moves = ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowDown', '3', '2', 'n', ' ', 'z'];
const times = await page.evaluate(keys, Array.from({ length: 12 }, () => moves).flat());

await page.goto(`${base}?rows=100000#/help`);
await page.locator('h1').first().waitFor();
const open = await page.evaluate(async () => {
  const from = performance.now();
  location.hash = '#/runs';
  while (!document.querySelector('main [role=row][aria-rowindex]')) await new Promise((r) => requestAnimationFrame(r));
  return performance.now() - from;
});
// The scripted station has no index: its first search makes one.
await page.evaluate(() =>
  globalThis.station.call('runs', { filter: { text: 'no such run' }, page: { after: null, limit: 1 } }),
);
const found = await page.evaluate(async () => {
  const field = document.querySelector('main input[type=search]');
  const from = performance.now();
  field.value = 'EDS-26-0077-12';
  field.dispatchEvent(new Event('input', { bubbles: true }));
  const first = () => document.querySelector('main [role=row][aria-rowindex="2"]')?.textContent ?? '';
  while (!first().includes('EDS-26-0077-12')) await new Promise((r) => requestAnimationFrame(r));
  return performance.now() - from;
});
await page.locator('main input[type=search]').fill('');
await page.waitForTimeout(500);
const frames = await page.evaluate(scroll, 400);

await browser.close();
await server.close();
console.log(
  JSON.stringify({
    key_to_paint_p95_ms: p95(times),
    runs_first_rows_ms: Math.round(open),
    runs_search_ms: Math.round(found),
    scroll_frames: frames.all,
    scroll_blank_frames: frames.blank,
  }),
);
