import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { childOf } from '../bench/processes.js';
import { startWaybill } from '../support/waybill.js';
import { EXACT, settleLedger, startLedgerLoad, storeOf } from './ledger.js';

/** An exporter of OpenTelemetry waits ten seconds by default. */
const SENDERS_PATIENCE_MS = 10_000;

it('while ClickHouse is stopped, senders are told in time to come again; when it goes on, so does all else', async () => {
  await using running = await startWaybill();
  await using store = await storeOf(running);
  const databasePid = childOf(running.child.pid ?? Number.NaN);
  const load = startLedgerLoad(`${running.otlpUrl}/v1/traces`, 8);
  const { ledger } = load;
  try {
    await expect.poll(() => ledger.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(20);
    process.kill(databasePid, 'SIGSTOP');
    const acknowledged = ledger.acknowledged.size;
    await sleep(20_000);
    expect(ledger.refused).toBeGreaterThan(8);
    // Answers of inserts that were durable may have been on their way.
    expect(ledger.acknowledged.size - acknowledged).toBeLessThanOrEqual(8);
    const [health, ready] = [await statusOf(`${running.apiUrl}/healthz`), await statusOf(`${running.apiUrl}/readyz`)];
    expect({ health, ready }).toEqual({ health: 200, ready: 503 });
    process.kill(databasePid, 'SIGCONT');
    const refused = ledger.acknowledged.size;
    await expect.poll(() => ledger.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(refused + 20);
    await load.stop();
  } finally {
    process.kill(databasePid, 'SIGCONT');
    load.abandon();
  }
  const balance = await settleLedger(store, ledger);
  console.log(
    `ClickHouse stopped for 20 s: ${ledger.refused} refusals, the slowest after ${Math.round(ledger.slowestRefusalMs)} ms; ` +
      `${ledger.acknowledged.size} traces acknowledged, ${balance.rowsAgain} rows written again, ${balance.lost.length} lost`,
  );
  expect(ledger.slowestRefusalMs).toBeLessThan(SENDERS_PATIENCE_MS);
  expect(ledger.cut).toBe(0);
  expect(balance).toMatchObject(EXACT);
  expect(childOf(running.child.pid ?? Number.NaN)).toBe(databasePid);
});

async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url);
  await answer.arrayBuffer();
  return answer.status;
}
