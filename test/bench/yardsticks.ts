import { fork } from 'node:child_process';
import { packagePath } from '../../collector/package-path.js';
import { spanColumns } from '../../collector/store/spans.js';
import { startTestStore } from '../support/engine.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { PREPARED_SPANS, preparedBody } from './prepared-body.js';
import { endOf, startLoad, urlOfServer } from './start-load.js';

const RUN_MS = 2_000;
const INSERTS_AT_ONCE = 2;

/** What Waybill is measured by: a server that drops what it reads, and ClickHouse with rows that were made before. */
export async function benchYardsticks(runs = 5): Promise<readonly Figure[]> {
  return [await droppedBodies(runs), await preparedRows(runs)];
}

async function droppedBodies(runs: number): Promise<Figure> {
  const server = fork(packagePath('dist/test/bench/drop-bodies.js'));
  await using load = startLoad();
  try {
    const url = `${await urlOfServer(server)}/v1/traces`;
    const rates: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const sending = { url, format: 'protobuf', isGzip: false, ms: RUN_MS, pace: { senders: 16 } } as const;
      rates.push((await load.send(sending)).spansPerSecond);
    }
    return figure('node:http alone, bodies read and dropped, 16 senders', 'spans/s', rates.slice(1));
  } finally {
    await endOf(server);
  }
}

async function preparedRows(runs: number): Promise<Figure> {
  await using test = await startTestStore();
  const bodies = Array.from({ length: INSERTS_AT_ONCE }, (_, i) => preparedBody(2 + i));
  const rates: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const start = performance.now();
    let inserts = 0;
    const insert = async (fresh: () => Buffer): Promise<void> => {
      while (performance.now() - start < RUN_MS) {
        await test.store.insertRowBinary('spans', spanColumns, fresh());
        inserts += 1;
      }
    };
    await Promise.all(bodies.map(insert));
    rates.push((inserts * PREPARED_SPANS * 1_000) / (performance.now() - start));
  }
  return figure('ClickHouse alone, the same rows prepared before', 'spans/s', rates.slice(1));
}
