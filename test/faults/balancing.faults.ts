import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { freePort } from '../support/free-port.js';
import { startWaybill, startWaybillAt, waybillPlace } from '../support/waybill.js';
import { acknowledges, EXACT, settleLedger, startLedgerLoad, storeOf } from './ledger.js';
import { kill } from './kill.js';
import { builtCollector, startCollector } from './start-collector.js';

const program = builtCollector('balancing');

it.skipIf(program === null)(
  'the Collector sends each trace to one of two receivers, and keeps what one cannot take',
  async () => {
    await using first = await startWaybill();
    const password = (await readFile(join(first.dataDir, 'waybill.password'), 'utf8')).trim();
    const place = await waybillPlace();
    const queue = await mkdtemp(join(tmpdir(), 'waybill-queue-'));
    const ports = { http: await freePort(), grpc: await freePort(), health: await freePort() };
    const env = { CLICKHOUSE_URL: first.clickHouseUrl.replace('//', `//waybill:${password}@`) };
    const start = () => startWaybillAt(place, ['--role', 'receiver'], process.execPath, env);
    let second = await start();
    const collector = await startCollector(program ?? '', 'balancing', {
      WAYBILL_RECEIVERS: `[${[first, second].map(({ grpcUrl }) => new URL(grpcUrl).host).join(', ')}]`,
      WAYBILL_RECEIVERS_INSECURE: 'true',
      OTELCOL_HTTP_PORT: String(ports.http),
      OTELCOL_GRPC_PORT: String(ports.grpc),
      OTELCOL_HEALTH_PORT: String(ports.health),
      OTELCOL_QUEUE_DIR: join(queue, 'queue'),
    });
    const load = startLedgerLoad(`http://127.0.0.1:${ports.http}/v1/traces`, 4, 10);
    const { acknowledged } = load.ledger;
    try {
      await acknowledges(load, 100);
      await kill(second.child);
      await acknowledges(load, 100);
      second = await start();
      await acknowledges(load, 100);
      await load.stop();
      await using store = await storeOf(first);
      const balance = await settleLedger(store, load.ledger, 180_000);
      console.log(`${acknowledged.size} traces acknowledged by the Collector, ${balance.lost.length} lost`);
      expect(balance).toMatchObject(EXACT);
      const taken = await Promise.all([first, second].map(takenOver));
      expect(taken.every((spans) => spans > 0)).toBe(true);
    } finally {
      load.abandon();
      await kill(collector);
      await second[Symbol.asyncDispose]();
      await rm(queue, { recursive: true });
      await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);

async function takenOver({ apiUrl }: { readonly apiUrl: string }): Promise<number> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  return z.coerce.number().parse(/^waybill_spans_acknowledged_total\{transport="grpc"\} (\d+)/m.exec(text)?.[1]);
}
