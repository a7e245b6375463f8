// Takes the pictures of the guide and the README from the scripted station, whose plates are drawn.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { preview } from 'vite';

const root = new URL('..', import.meta.url).pathname;
const out = join(root, '../docs/pictures');
const RUN = '#/review/01a1ff89-run0-7000-8000-00000000019b';
const PICTURES = [
  ['first-start', 'scene=first-start', ''],
  ['bench', '', '#/bench'],
  ['review', '', RUN],
  ['runs', '', '#/runs'],
  ['sample', '', '#/sample/NDV-26-1107-18'],
  ['files', '', '#/files'],
  ['sync', '', '#/sync'],
  ['assay', '', '#/assay/mic@1'],
  ['people', '', '#/people'],
  ['audit', '', '#/audit'],
];

const server = await preview({
  root,
  mode: 'scripted',
  preview: { port: 4198, host: '127.0.0.1' },
  build: { outDir: 'dist-scripted' },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
for (const locale of ['en', 'th']) {
  mkdirSync(join(out, locale), { recursive: true });
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    timezoneId: 'Asia/Bangkok',
    reducedMotion: 'reduce',
  });
  for (const [name, query, hash] of PICTURES) {
    const page = await context.newPage();
    await page.goto(`${server.resolvedUrls.local[0]}scripted.html?${query}&locale=${locale}&theme=light${hash}`);
    await page.locator('h1').first().waitFor({ state: 'attached' });
    await page.waitForTimeout(800);
    await page.screenshot({ path: join(out, locale, `${name}.jpg`), type: 'jpeg', quality: 80 });
    await page.close();
  }
}
await browser.close();
await server.close();
