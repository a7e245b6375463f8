// What the first screen loads, compressed: the entry, the bench, and everything they import at once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MOST_KB = 250;
const dist = new URL('../dist', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);
const seen = new Set();
function walk(name) {
  const chunk = manifest[name];
  if (!chunk || seen.has(chunk.file)) return;
  seen.add(chunk.file);
  for (const other of chunk.imports ?? []) walk(other);
}
walk(entry);
walk('src/screens/Bench.svelte');
const bytes = [...seen].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file)), { level: 9 }).length, 0);
const kb = Math.round(bytes / 100) / 10;
console.log(`first screen: ${kb} kB of JavaScript, compressed (at most ${MOST_KB})`);
for (const { file } of Object.values(manifest)) {
  if (file.endsWith('.js') && readFileSync(join(dist, file), 'utf8').includes('plate reader 96')) {
    console.error(`${file} holds the scripted station`);
    process.exit(1);
  }
}
process.exit(kb > MOST_KB ? 1 : 0);
