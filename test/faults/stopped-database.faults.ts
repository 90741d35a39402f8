import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { childOf } from '../bench/processes.js';
import { startWaybill } from '../support/waybill.js';
import { EXACT, settleLedger, startLedgerLoad, storeOf } from './ledger.js';

/** An exporter of OpenTelemetry waits ten seconds by default. */
const SENDERS_PATIENCE_MS = 10_000;
const QUESTIONS = 40;

it('while ClickHouse is stopped, senders are told in time to come again; when it goes on, so does all else', async () => {
  await using running = await startWaybill([], process.execPath, { WAYBILL_QUESTION_TIMEOUT: '3s' });
  await using store = await storeOf(running);
  const databasePid = childOf(running.child.pid ?? Number.NaN);
  const load = startLedgerLoad(`${running.otlpUrl}/v1/traces`, 8);
  const { ledger } = load;
  try {
    await expect.poll(() => ledger.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(20);
    process.kill(databasePid, 'SIGSTOP');
    const acknowledged = ledger.acknowledged.size;
    const [answers] = await Promise.all([questionsDuring(running.apiUrl), sleep(20_000)]);
    // More questions than there are connections: none waits behind the others.
    expect(answers).toHaveLength(QUESTIONS);
    for (const { status, message, tookMs } of answers) {
      expect({ status, message }).toEqual({
        status: 503,
        message: 'ClickHouse has not answered within 3 s. Ask again in 2 s.',
      });
      expect(tookMs).toBeLessThan(5_000);
    }
    expect(ledger.refused).toBeGreaterThan(8);
    // Answers of inserts that were durable may have been on their way.
    expect(ledger.acknowledged.size - acknowledged).toBeLessThanOrEqual(8);
    await expectPromptAnswers(running.apiUrl);
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

/** Whoever watches over the process learns at once that it lives, and within two seconds that it is not ready. */
async function expectPromptAnswers(apiUrl: string): Promise<void> {
  const health = await timed(`${apiUrl}/healthz`);
  const ready = await timed(`${apiUrl}/readyz`);
  expect({ health: health.status, ready: ready.status }).toEqual({ health: 200, ready: 503 });
  expect(health.tookMs).toBeLessThan(500);
  expect(ready.tookMs).toBeLessThan(3_500);
}

function questionsDuring(apiUrl: string): Promise<Timed[]> {
  return Promise.all(Array.from({ length: QUESTIONS }, (_, i) => timed(`${apiUrl}/v1/score?tenant=t${i}`)));
}

interface Timed {
  readonly status: number;
  readonly message: string | undefined;
  readonly tookMs: number;
}

const refusalSchema = z.object({ error: z.object({ message: z.string() }).optional() });

async function timed(url: string): Promise<Timed> {
  const startedMs = performance.now();
  const answer = await fetch(url);
  const body = refusalSchema.parse(await answer.json());
  return { status: answer.status, message: body.error?.message, tookMs: performance.now() - startedMs };
}
