// Every message is there in every language, with the same places to fill, and used somewhere.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const read = (locale) => {
  const { $schema: _, ...messages } = JSON.parse(readFileSync(join(root, `messages/${locale}.json`), 'utf8'));
  return messages;
};
const sources = readdirSync(join(root, 'src'), { recursive: true })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !name.includes('paraglide'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  .join('\n');
const used = new Set([...sources.matchAll(/\bm\s*\.\s*([a-z0-9_]+)/g)].map(([, key]) => key));
const places = (text) =>
  [...text.matchAll(/\{(\w+)\}/g)]
    .map(([, name]) => name)
    .sort()
    .join(' ');

const messages = { en: read('en'), th: read('th') };
const faults = [];
for (const [locale, known] of Object.entries(messages)) {
  const other = locale === 'en' ? 'th' : 'en';
  for (const [key, text] of Object.entries(known)) {
    if (!(key in messages[other])) faults.push(`${other}.json lacks ${key}`);
    else if (places(text) !== places(messages[other][key])) faults.push(`${key} is filled differently in ${other}`);
    if (text.trim() === '') faults.push(`${locale}.json: ${key} is empty`);
    if (locale === 'en' && !used.has(key)) faults.push(`${key} is used nowhere`);
  }
}
for (const key of used) if (!(key in messages.en)) faults.push(`${key} is used, and en.json lacks it`);

for (const fault of faults) console.error(fault);
console.log(`${Object.keys(messages.en).length} messages in ${Object.keys(messages).length} languages`);
process.exit(faults.length > 0 ? 1 : 0);
