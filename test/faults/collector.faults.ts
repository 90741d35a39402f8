import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { childOf } from '../bench/processes.js';
import { freePort } from '../support/free-port.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybillAt, waybillPlace } from '../support/waybill.js';
import { EXACT, settleLedger, startLedgerLoad, storeOf } from './ledger.js';
import { builtCollector, kill, startCollector } from './start-collector.js';

const program = builtCollector('queue');

async function killWithDatabase({ child }: RunningWaybill): Promise<void> {
  const databasePid = childOf(child.pid ?? Number.NaN);
  await kill(child);
  await expect.poll(() => isAlive(databasePid), { timeout: 20_000, interval: 20 }).toBe(false);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

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
    const more = async (traces: number): Promise<void> => {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(before + traces);
    };
    try {
      await more(50);
      await killWithDatabase(running);
      await more(100);
      await kill(collector);
      collector = await startCollector(program ?? '', 'queue', env);
      await more(50);
      running = await startWaybillAt(place);
      await more(50);
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
