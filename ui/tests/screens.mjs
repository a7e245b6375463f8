// Opens every screen in both languages, both themes and two sizes, over the scripted station: no error in the console,
// nothing cut off or over each other, nothing untranslated, nothing that axe calls serious; and a picture of each.
//
//   node tests/screens.mjs [--only NAME] [--fast] [--out FOLDER]
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { look } from './look.mjs';
import { SCENES } from './scenes.mjs';

const root = new URL('..', import.meta.url).pathname;
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : null);
const only = option('--only');
const fast = process.argv.includes('--fast');
const out = option('--out') ?? join(root, '../target/screens');
const SIZES = fast
  ? [[1280, 800]]
  : [
      [1280, 800],
      [1920, 1080],
    ];
/** Each language and each theme once, or every pair of them. */
const LOOKS = fast
  ? [
      ['en', 'light'],
      ['th', 'dark'],
    ]
  : ['en', 'th'].flatMap((locale) => ['light', 'dark'].map((theme) => [locale, theme]));
const messages = Object.fromEntries(
  ['en', 'th'].map((locale) => [locale, JSON.parse(readFileSync(join(root, `messages/${locale}.json`), 'utf8'))]),
);
/** An example and a key's name, which also stand as data. */
const ALIKE = new Set(['first_name_example', 'key_space_name']);
// Words that are alike in both languages say nothing about translation; short ones stand in data too.
const english = Object.entries(messages.en)
  .filter(([key, text]) => !ALIKE.has(key) && text !== messages.th[key] && !text.includes('{') && text.length > 3)
  .map(([, text]) => text);
const axe = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

mkdirSync(out, { recursive: true });
const server = await preview({
  root,
  mode: 'scripted',
  preview: { port: 4199, strictPort: false, host: '127.0.0.1' },
  build: { outDir: 'dist-scripted' },
});
const base = server.resolvedUrls.local[0];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});

async function serious(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `axe ${id}: ${nodes
          .slice(0, 3)
          .map((node) => node.html.slice(0, 160))
          .join(' | ')}`,
    );
}

async function shoot(scene, locale, theme, [width, height]) {
  const context = await browser.newContext({
    viewport: { width, height },
    timezoneId: 'Asia/Bangkok',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const found = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) found.push(`console: ${message.text().slice(0, 300)}`);
  });
  page.on('pageerror', (error) => found.push(`thrown: ${String(error).slice(0, 300)}`));
  const query = new URLSearchParams(`${scene.query ?? ''}&locale=${locale}&theme=${theme}`);
  try {
    await page.goto(`${base}scripted.html?${query}${scene.hash ?? ''}`);
    await page.locator('h1').first().waitFor({ state: 'attached' });
    await still(page);
    if (scene.act) {
      await scene.act(page, (key) => messages[locale][key]);
      await still(page);
    }
    found.push(
      ...(await page.evaluate(look, { english: locale === 'th' ? english : null, gloves: GLOVES.test(scene.name) })),
    );
    // Sizes do not change what axe looks at.
    if (width === 1280) found.push(...(await serious(page)));
    await page.screenshot({ path: join(out, `${scene.name}-${locale}-${theme}-${width}.png`) });
  } catch (error) {
    found.push(`stuck: ${String(error).slice(0, 400)}`);
  }
  await context.close();
  return found;
}

/** Waits until nothing loads or moves and nothing has changed for some frames, however long a busy machine takes. */
async function still(page) {
  await page.waitForLoadState('networkidle');
  await page.evaluate(async () => {
    await document.fonts.ready;
    let quiet = 0;
    const watching = new MutationObserver(() => (quiet = 0));
    watching.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const ends = (animation) => animation.effect?.getComputedTiming().iterations !== Infinity;
    for (let frames = 0; quiet < 12 && frames < 600; frames += 1) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const loading = [...document.images].some((image) => !image.complete);
      quiet = loading || document.getAnimations().some(ends) ? 0 : quiet + 1;
    }
    watching.disconnect();
  });
}

/** Screens that are used with gloves on. */
const GLOVES = /^(bench|review|sync|first-start)/;
/** At most so many pages at once. */
const PAGES = Number(process.env.PAGES ?? 3);
let open = 0;
const waiting = [];
async function turn(work) {
  if (open >= PAGES) await new Promise((resolve) => waiting.push(resolve));
  open += 1;
  try {
    return await work();
  } finally {
    open -= 1;
    waiting.shift()?.();
  }
}

let bad = 0;
let taken = 0;
for (const scene of SCENES.filter(({ name }) => !only || name === only)) {
  const jobs = SIZES.flatMap((size) => LOOKS.map(([locale, theme]) => [locale, theme, size]));
  const results = await Promise.all(jobs.map((job) => turn(() => shoot(scene, ...job))));
  for (const [n, found] of results.entries()) {
    const [locale, theme, size] = jobs[n];
    taken += 1;
    bad += found.length;
    for (const one of found) console.log(`${scene.name} ${locale} ${theme} ${size[0]}: ${one}`);
  }
}
console.log(`${taken} pictures of ${SCENES.length} scenes in ${out}; ${bad} findings`);
await browser.close();
await server.close();
process.exit(bad > 0 ? 1 : 0);
