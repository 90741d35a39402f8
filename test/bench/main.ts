/**
 * Measures what the README says of speed: `npm run bench`, or parts of it: `npm run bench decode rows`. Prints tables and
 * writes `reports/bench.json`. `--long`: 50 million spans stored and ten minutes of load; `--quick`: as few runs
 * of `cost` as can tell a fall by half; `--readme`: puts the tables into the README.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { benchAudit } from './audit.js';
import { benchCluster } from './cluster.js';
import { benchCost } from './cost.js';
import { benchDecisions } from './decisions.js';
import { benchDecode } from './decode.js';
import { benchDisk } from './disk.js';
import { benchEndToEnd } from './end-to-end.js';
import type { Figure } from './figure.js';
import { asTable } from './figure.js';
import { benchOverhead } from './overhead.js';
import { benchGrowth } from './growth.js';
import { benchMemory } from './memory.js';
import { benchOfrep } from './ofrep.js';
import { benchOtelCollector } from './otel-collector.js';
import { benchQuestions } from './questions.js';
import { intoReadme } from './readme.js';
import { benchReceive } from './receive.js';
import { benchRows } from './rows.js';
import { asTargetTable, targetsOf } from './targets.js';
import { benchYardsticks } from './yardsticks.js';

const flags = new Set(process.argv.slice(2).filter((one) => one.startsWith('--')));
const asked = process.argv.slice(2).filter((one) => !one.startsWith('--'));
const isLong = flags.has('--long');
const isQuick = flags.has('--quick');

const parts: Readonly<Record<string, () => readonly Figure[] | Promise<readonly Figure[]>>> = {
  decode: () => benchDecode(),
  audit: () => benchAudit(),
  rows: () => benchRows(),
  cost: () => benchCost(isQuick ? 1 : 2),
  receive: () => benchReceive(),
  yardsticks: () => benchYardsticks(),
  otelcol: () => benchOtelCollector(),
  'end-to-end': () => benchEndToEnd(),
  memory: () => benchMemory(isLong ? 10 : 1),
  disk: () => benchDisk(),
  cluster: () => benchCluster(),
  growth: () => benchGrowth(isLong ? 50_000_000 : 5_000_000),
  questions: () => benchQuestions([100_000, 1_000_000, 10_000_000]),
  ofrep: () => benchOfrep(),
  decisions: () => benchDecisions(),
  overhead: () => benchOverhead(),
};

const unknown = [
  ...asked.filter((name) => !Object.hasOwn(parts, name)),
  ...[...flags].filter((flag) => !['--long', '--quick', '--readme'].includes(flag)),
];
if (unknown.length > 0) {
  const known = [...Object.keys(parts), '--long', '--quick', '--readme'].join(', ');
  console.error(`There is no '${unknown.join("', '")}'. There are: ${known}.`);
  process.exit(2);
}

const startedAt = new Date();
const load = loadavg()[0] ?? 0;
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.error(`${name} …`);
  try {
    figures.push(...(await measure()));
  } catch (error) {
    // The other parts took minutes, too.
    console.error(`${name} failed.`, error);
    process.exitCode = 1;
  }
}
const result = {
  startedAt: startedAt.toISOString(),
  minutes: (Date.now() - startedAt.getTime()) / 60_000,
  node: process.version,
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? '',
  /** How many processes wanted a core before the run began: over 1, the times say little. */
  loadBefore: load,
  targets: targetsOf(figures),
  figures,
};
console.log(`${asTargetTable(result.targets)}\n\n${asTable(figures)}`);
await mkdir('reports', { recursive: true });
await writeFile('reports/bench.json', `${JSON.stringify(result, null, 2)}\n`);
if (flags.has('--readme')) await writeFile('README.md', intoReadme(await readFile('README.md', 'utf8'), result));
