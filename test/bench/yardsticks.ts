import { fork } from 'node:child_process';
import { packagePath } from '../../collector/package-path.js';
import { decodeProtobuf } from '../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../collector/otlp/span-reader.js';
import { stampRows } from '../../collector/store/span-rows.js';
import { spanColumns } from '../../collector/store/spans.js';
import { toProtobuf } from '../collector/otlp/request.js';
import { contract } from '../support/contract.js';
import { startTestStore } from '../support/engine.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { endOf, startLoad, urlOfServer } from './start-load.js';
import { benchRequests, REQUEST_SPANS } from './workload.js';

const RUN_MS = 2_000;
/** Requests in one insert: as many as 16 senders have under way. */
const REQUESTS = 16;
const INSERTS_AT_ONCE = 2;
/** Four columns of 8, 2, 8 and 8 bytes come before the trace id: see `spanColumns`. */
const TRACE_ID_AT = 26;

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
    rates.push((inserts * REQUESTS * REQUEST_SPANS * 1_000) / (performance.now() - start));
  }
  return figure('ClickHouse alone, the same rows prepared before', 'spans/s', rates.slice(1));
}

/**
 * The rows of an insert, with other trace ids each time they are asked for: rows that replace each other would be next
 * to nothing to merge.
 */
function preparedBody(seed: number): () => Buffer {
  const reader = createSpanReader(contract());
  const requests = benchRequests(REQUESTS, seed, BigInt(Date.now()) * 1_000_000n);
  const parts = requests.map((request) => decodeProtobuf(toProtobuf(request), reader).rows);
  for (const rows of parts) stampRows(rows, Date.now() * 1_000);
  let size = 0;
  const traceIdsAt = parts.flatMap(({ bytes, starts }) => {
    const before = size;
    size += bytes.length;
    return starts.map((at) => before + at + TRACE_ID_AT);
  });
  const body = Buffer.concat(parts.map(({ bytes }) => bytes));
  let asked = 0;
  return () => {
    const stamp = (asked += 1).toString(16).padStart(6, '0');
    for (const at of traceIdsAt) body.write(stamp, at, 'latin1');
    return body;
  };
}
