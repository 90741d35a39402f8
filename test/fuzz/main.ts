/**
 * Sends made-up input to everything that reads what strangers send: `npm run fuzz`, `npm run fuzz -- --executions 1000000
 * --seed 7 protobuf json`. Ends with 1 where anything happened that must not. `--keep`: inputs with a new kind of answer
 * are added to the corpus, which the tests go through. An execution is the same for the same seed, number and corpus:
 * `--from N --executions 1` runs one again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { packagePath } from '../../collector/package-path.js';
import { keepInput } from './corpus.js';
import type { Tally } from './run-target.js';
import { targets } from './targets.js';

/** No input may take so long, nor may all of them together leave more memory in use. */
const HANG_MS = 20_000;
const MAX_MEMORY_MB = 768;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: 'string', default: '1000000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '20261125' },
    keep: { type: 'boolean', default: false },
  },
});
const chosen = targets.filter(({ target }) => positionals.length === 0 || positionals.includes(target.name));
const shares = chosen.reduce((sum, { share }) => sum + share, 0);

for (const { target, share } of chosen) {
  const executions = Math.ceil((Number(values.executions) * share) / shares);
  const startedAt = performance.now();
  const { faults, news, slowestMs } = await run(target.name, executions);
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `${target.name}: ${executions} executions in ${seconds.toFixed(0)} s, slowest ${slowestMs.toFixed(0)} ms, ${news.size} new kinds of answer, ${faults.length} faults`,
  );
  for (const { execution, input, what } of faults) {
    const file = await keepFault(target.name, execution, Buffer.from(input));
    console.log(`\n${target.name}, execution ${execution}, input in ${file}:\n${what}\n`);
    process.exitCode = 1;
  }
  if (values.keep) for (const input of news.values()) await keepInput(target.name, Buffer.from(input));
}

/** @throws Error where an input hangs, or the memory is full: which one is said */
function run(name: string, executions: number): Promise<Tally> {
  const progress = new SharedArrayBuffer(4);
  const place = new Int32Array(progress);
  const workerData = { name, executions, progress, seed: Number(values.seed), from: Number(values.from) };
  const worker = new Worker(new URL('worker.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
  });
  return new Promise((resolve, reject) => {
    let seen = -1;
    const watch = setInterval(() => {
      const now = Atomics.load(place, 0);
      if (now === seen) {
        void worker.terminate();
        reject(new Error(`${name}: execution ${now} takes over ${HANG_MS / 1_000} s.`));
      }
      seen = now;
    }, HANG_MS);
    worker.once('message', resolve);
    worker.once('error', (cause) => reject(new Error(`${name}: execution ${Atomics.load(place, 0)}`, { cause })));
    worker.once('exit', () => clearInterval(watch));
  });
}

async function keepFault(name: string, execution: number, input: Buffer): Promise<string> {
  const folder = packagePath('reports/fuzz');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}-${execution}`);
  await writeFile(file, input);
  return file;
}
