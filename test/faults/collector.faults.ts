import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { startWaybillAt, waybillPlace } from '../support/waybill.js';
import { acknowledges, EXACT, settleLedger, startLedgerLoad, storeOf } from './ledger.js';
import { kill, killWithDatabase } from './kill.js';
import { builtCollector, startCollector } from './start-collector.js';

const program = builtCollector('queue');

it.skipIf(program === null)(
  'the Collector in front takes spans while Waybill is dead, and keeps them when it dies, too',
  async () => {
    const place = await waybillPlace();
    const queue = await mkdtemp(join(tmpdir(), 'waybill-queue-'));
    const port = String(await freePort());
    const env = {
      WAYBILL_OTLP_URL: `http://127.0.0.1:${place.ports.otlp}`,
      OTELCOL_HTTP_PORT: port,
      OTELCOL_GRPC_PORT: String(await freePort()),
      OTELCOL_HEALTH_PORT: String(await freePort()),
      OTELCOL_QUEUE_DIR: join(queue, 'queue'),
    };
    let running = await startWaybillAt(place);
    let collector = await startCollector(program ?? '', 'queue', env);
    const load = startLedgerLoad(`http://127.0.0.1:${port}/v1/traces`, 4, 5);
    const { acknowledged } = load.ledger;
    try {
      await acknowledges(load, 50);
      await killWithDatabase(running);
      await acknowledges(load, 100);
      await kill(collector);
      collector = await startCollector(program ?? '', 'queue', env);
      await acknowledges(load, 50);
      running = await startWaybillAt(place);
      await acknowledges(load, 50);
      await load.stop();
      await using store = await storeOf(running);
      const balance = await settleLedger(store, load.ledger, 180_000);
      console.log(`${acknowledged.size} traces acknowledged by the Collector, ${balance.lost.length} lost`);
      expect(balance).toMatchObject(EXACT);
    } finally {
      load.abandon();
      await kill(collector);
      await running[Symbol.asyncDispose]();
      await rm(queue, { recursive: true });
      await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
