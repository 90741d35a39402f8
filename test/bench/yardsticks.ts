import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import { decodeProtobuf } from '../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../collector/otlp/span-reader.js';
import { createRowWriter } from '../../collector/store/row-writer.js';
import { spanColumns, writeSpan } from '../../collector/store/spans.js';
import { toProtobuf } from '../collector/otlp/request.js';
import { contract } from '../support/contract.js';
import { startTestStore } from '../support/engine.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { startLoad } from './start-load.js';
import { benchRequests, REQUEST_SPANS } from './workload.js';

const RUN_MS = 2_000;
/** Requests in one insert: as many as 16 senders have under way. */
const REQUESTS = 16;
const INSERTS_AT_ONCE = 2;

/** What Waybill is measured by: a server that drops what it reads, and ClickHouse with rows that were made before. */
export async function benchYardsticks(runs = 5): Promise<readonly Figure[]> {
  return [await droppedBodies(runs), await preparedRows(runs)];
}

async function droppedBodies(runs: number): Promise<Figure> {
  const server = fork(packagePath('dist/test/bench/drop-bodies.js'));
  await using load = startLoad();
  try {
    const [address] = z
      .tuple([z.object({ port: z.number() })])
      .rest(z.unknown())
      .parse(await once(server, 'message'));
    const url = `http://127.0.0.1:${address.port}/v1/traces`;
    const rates: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const sending = { url, format: 'protobuf', isGzip: false, ms: RUN_MS, pace: { senders: 16 } } as const;
      rates.push((await load.send(sending)).spansPerSecond);
    }
    return figure('node:http alone, bodies read and dropped, 16 senders', 'spans/s', rates.slice(1));
  } finally {
    server.kill();
    await once(server, 'exit');
  }
}

async function preparedRows(runs: number): Promise<Figure> {
  await using test = await startTestStore();
  const reader = createSpanReader(contract());
  const decoded = benchRequests(REQUESTS, 2).flatMap((request) => [
    ...decodeProtobuf(toProtobuf(request), reader).spans,
  ]);
  const row = createRowWriter();
  for (const span of decoded) writeSpan(row, span, Date.now() * 1_000);
  const body = row.bytes();
  const rates: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const start = performance.now();
    let inserts = 0;
    const insert = async (): Promise<void> => {
      while (performance.now() - start < RUN_MS) {
        await test.store.insertRowBinary('spans', spanColumns, body);
        inserts += 1;
      }
    };
    await Promise.all(Array.from({ length: INSERTS_AT_ONCE }, insert));
    rates.push((inserts * REQUESTS * REQUEST_SPANS * 1_000) / (performance.now() - start));
  }
  return figure('ClickHouse alone, the same rows prepared before', 'spans/s', rates.slice(1));
}
