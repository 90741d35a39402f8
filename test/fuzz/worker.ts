import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { corpusOf } from './corpus.js';
import { runTarget } from './run-target.js';
import { targets } from './targets.js';

/** Runs one target in a thread of its own, so that whoever started it sees where it hangs. */
const { name, seed, from, executions, progress } = z
  .object({
    name: z.string(),
    seed: z.number(),
    from: z.number(),
    executions: z.number(),
    progress: z.instanceof(SharedArrayBuffer),
  })
  .parse(workerData);
const found = targets.find(({ target }) => target.name === name);
if (found === undefined) throw new Error(`There is no target '${name}'.`);
const place = new Int32Array(progress);
const tally = runTarget(found.target, await corpusOf(name), { seed, from, executions }, (execution) =>
  Atomics.store(place, 0, execution),
);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(tally);
