import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import type { TestStore } from '../support/engine.js';
import { startTestStore } from '../support/engine.js';
import { freePort } from '../support/free-port.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { startLoad } from './start-load.js';

const RUN_MS = 4_000;
const READY_MS = 30_000;
const SETTLE_MS = 500;

const configOf = (test: TestStore, port: number, database: string, processors: string): string => `
receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:${port}', max_request_body_size: 67108864 } } } }
processors:
  batch: { send_batch_size: 8192, timeout: 200ms }
  groupbytrace: { wait_duration: 1s, num_traces: 1000000, num_workers: 2 }
exporters:
  clickhouse:
    endpoint: 'tcp://127.0.0.1:${test.nativePort}?dial_timeout=10s'
    username: ${test.address.username}
    password: '${test.address.password}'
    database: ${database}
    async_insert: false
    sending_queue: { enabled: true, num_consumers: 4, queue_size: 100, block_on_overflow: true }
service:
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines: { traces: { receivers: [otlp], processors: [${processors}], exporters: [clickhouse] } }
`;

/**
 * The OpenTelemetry Collector in Waybill's place, into the same embedded ClickHouse. It answers before anything is
 * stored, so it is measured by the rows that arrive. Says so where it cannot be built here.
 */
export async function benchOtelCollector(runs = 5): Promise<readonly Figure[]> {
  const built = spawnSync('bash', [packagePath('test/bench/otelcol.sh')], { encoding: 'utf8' });
  if (built.status !== 0) {
    console.error(`OpenTelemetry Collector: skipped. ${built.stderr.trim()}`);
    return [];
  }
  const program = built.stdout.trim();
  const figures: Figure[] = [];
  for (const processors of ['batch', 'groupbytrace, batch']) {
    const rates = await ratesOf(program, processors, runs);
    figures.push(figure(`OpenTelemetry Collector, ${processors}`, 'spans/s', rates));
  }
  return figures;
}

async function ratesOf(program: string, processors: string, runs: number): Promise<number[]> {
  await using test = await startTestStore();
  await using load = startLoad();
  await test.store.command('CREATE DATABASE IF NOT EXISTS otel');
  const directory = await mkdtemp(join(tmpdir(), 'waybill-otelcol-'));
  const port = await freePort();
  const config = join(directory, 'config.yaml');
  await writeFile(config, configOf(test, port, 'otel', processors), { mode: 0o600 });
  const child = spawn(program, ['--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    const url = `http://127.0.0.1:${port}/v1/traces`;
    await answering(url);
    const rates: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const before = await rowsOf(test);
      const start = performance.now();
      await load.send({ url, format: 'protobuf', isGzip: false, ms: RUN_MS, pace: { senders: 16 } });
      const { rows, atMs } = await settledRows(test);
      rates.push(((rows - before) * 1_000) / (atMs - start));
    }
    return rates.slice(1);
  } finally {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  }
}

async function answering(url: string): Promise<void> {
  const end = performance.now() + READY_MS;
  for (;;) {
    try {
      await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' } });
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error('The OpenTelemetry Collector did not start.', { cause: error });
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

async function rowsOf({ store }: TestStore): Promise<number> {
  const rows = await store.rows('SELECT count() AS rows FROM otel.otel_traces');
  return z.tuple([z.object({ rows: z.coerce.number() })]).parse(rows)[0].rows;
}

/** Waits until no more rows come: what its queue holds is not stored yet. Returns how many, and since when. */
async function settledRows(test: TestStore): Promise<{ rows: number; atMs: number }> {
  let last = { rows: await rowsOf(test), atMs: performance.now() };
  while (performance.now() - last.atMs < 3 * SETTLE_MS) {
    await new Promise((done) => setTimeout(done, SETTLE_MS / 10));
    const rows = await rowsOf(test);
    if (rows > last.rows) last = { rows, atMs: performance.now() };
  }
  return last;
}
