import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybill, startWaybillAt, waybillPlace } from '../support/waybill.js';
import type { LedgerLoad } from './ledger.js';
import { acknowledges, EXACT, settleLedger, startLedgerLoad, storeOf } from './ledger.js';
import { kill } from './kill.js';
import { builtCollector, startCollector } from './start-collector.js';

async function balanceOf(running: RunningWaybill, load: LedgerLoad) {
  await using store = await storeOf(running);
  return settleLedger(store, load.ledger, 180_000);
}

const program = builtCollector('queue');

it('what is acknowledged is at both Waybills, once, though the second is killed again and again', async () => {
  const place = await waybillPlace();
  await using first = await startWaybill([], process.execPath, {
    WAYBILL_FORWARD_ENDPOINT: `http://127.0.0.1:${place.ports.otlp}`,
  });
  let second = await startWaybillAt(place);
  const load = startLedgerLoad(`${first.otlpUrl}/v1/traces`, 4, 5);
  try {
    for (let round = 0; round < 3; round += 1) {
      await acknowledges(load, 40);
      const { refused } = load.ledger;
      await kill(second.child);
      await expect.poll(() => load.ledger.refused, { timeout: 20_000 }).toBeGreaterThan(refused + 10);
      second = await startWaybillAt(place);
    }
    await acknowledges(load, 40);
    await load.stop();
    const [here, there] = [await balanceOf(first, load), await balanceOf(second, load)];
    console.log(`${load.ledger.acknowledged.size} traces, ${here.rowsAgain} rows stored again by the first`);
    expect(here).toMatchObject(EXACT);
    expect(there).toMatchObject(EXACT);
  } finally {
    load.abandon();
    await second[Symbol.asyncDispose]();
    await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});

it.skipIf(program === null)(
  'passes through a real Collector, which is killed, to whatever comes after it',
  async () => {
    await using last = await startWaybill();
    const queue = await mkdtemp(join(tmpdir(), 'waybill-queue-'));
    const port = String(await freePort());
    const env = {
      WAYBILL_OTLP_URL: last.otlpUrl,
      OTELCOL_HTTP_PORT: port,
      OTELCOL_GRPC_PORT: String(await freePort()),
      OTELCOL_HEALTH_PORT: String(await freePort()),
      OTELCOL_QUEUE_DIR: join(queue, 'queue'),
    };
    await using first = await startWaybill([], process.execPath, {
      WAYBILL_FORWARD_ENDPOINT: `http://127.0.0.1:${port}`,
    });
    let collector = await startCollector(program ?? '', 'queue', env);
    const load = startLedgerLoad(`${first.otlpUrl}/v1/traces`, 4, 5);
    try {
      await acknowledges(load, 60);
      await kill(collector);
      await expect.poll(() => load.ledger.refused, { timeout: 20_000 }).toBeGreaterThan(10);
      collector = await startCollector(program ?? '', 'queue', env);
      await acknowledges(load, 60);
      await load.stop();
      expect(await balanceOf(first, load)).toMatchObject(EXACT);
      expect(await balanceOf(last, load)).toMatchObject(EXACT);
    } finally {
      load.abandon();
      await kill(collector);
      await rm(queue, { recursive: true });
    }
  },
);
