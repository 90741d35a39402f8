/**
 * Measures what the README says of speed: `npm run bench`, or a part of it: `npm run bench decode`. Prints a table and
 * writes the figures to `reports/bench.json`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { benchDecode } from './decode.js';
import type { Figure } from './figure.js';
import { asTable } from './figure.js';
import { benchOverhead } from './overhead.js';
import { benchReceive } from './receive.js';

const parts: Readonly<Record<string, () => readonly Figure[] | Promise<readonly Figure[]>>> = {
  decode: () => benchDecode(),
  receive: () => benchReceive(),
  overhead: () => benchOverhead(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  console.error(`There is no part '${unknown.join("', '")}'. There are: ${Object.keys(parts).join(', ')}.`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length === 0 || asked.includes(name)) figures.push(...(await measure()));
}
console.log(asTable(figures));
await mkdir('reports', { recursive: true });
await writeFile('reports/bench.json', `${JSON.stringify({ node: process.version, figures }, null, 2)}\n`);
