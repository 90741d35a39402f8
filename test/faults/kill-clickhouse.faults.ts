import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { StoreUnavailable } from '../../collector/store/errors.js';
import { startTestWriter } from '../support/span-rows.js';
import type { TestStore } from '../support/engine.js';
import { startTestStore } from '../support/engine.js';
import { seededRandom } from '../support/random.js';
import { clean, trace } from '../support/trace.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 100);
const SENDERS = 4;
const SPANS_A_REQUEST = 3;

/** What the senders know of their requests; each request is a trace of its own. */
interface Ledger {
  requests: number;
  readonly acknowledged: Set<string>;
  /** Answers that said to come again later; the request may or may not have been stored. */
  refusals: number;
}

/** Sends requests until told that it is enough, and each one again until it is acknowledged. */
async function send(test: TestStore, ledger: Ledger, isEnough: () => boolean): Promise<void> {
  await using writer = startTestWriter({ store: test.store, clockUs: () => Date.now() * 1_000, minGapMs: 5 });
  const sender = async (): Promise<void> => {
    while (!isEnough()) {
      ledger.requests += 1;
      const { spans } = trace(ledger.requests).station('web', clean).station('agent', clean).call('gpt-4o');
      while (!(await isTaken(writer.write(spans)))) {
        ledger.refusals += 1;
        await sleep(20);
      }
      for (const { traceId } of spans) ledger.acknowledged.add(traceId);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
}

async function isTaken(written: Promise<void>): Promise<boolean> {
  try {
    await written;
    return true;
  } catch (error) {
    if (error instanceof StoreUnavailable) return false;
    throw error;
  }
}

/** Waits for an answer of another process than the one that was killed. */
async function restarted(test: TestStore, killed: number): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    const answers = await test.store.rows('SELECT 1').then(
      () => true,
      () => false,
    );
    if (answers && test.engine.pid() !== killed) return;
    await sleep(50);
  }
  throw new Error('ClickHouse did not come back within 30 s.');
}

const storedSchema = z.array(
  z.object({ traceId: z.string(), counted: z.coerce.number(), spans: z.coerce.number(), written: z.coerce.number() }),
);

/** What a query sees of each request: rows as every question counts them, spans, and rows that no merge has joined yet. */
async function stored(test: TestStore): Promise<z.infer<typeof storedSchema>> {
  return storedSchema.parse(
    await test.store.rows(`
      SELECT
          trace_id AS traceId,
          count() AS counted,
          uniqExact(span_id) AS spans,
          any(w.written) AS written
      FROM spans FINAL
      INNER JOIN (SELECT trace_id, count() AS written FROM spans GROUP BY trace_id) AS w USING trace_id
      GROUP BY trace_id`),
  );
}

it(`${ROUNDS} kill -9 of ClickHouse under load lose nothing that was acknowledged, and count nothing twice`, async () => {
  await using test = await startTestStore();
  const random = seededRandom(20_261_101);
  const ledger: Ledger = { requests: 0, acknowledged: new Set(), refusals: 0 };
  const startedMs = performance.now();
  for (let round = 1; round <= ROUNDS; round += 1) {
    let isOver = false;
    const load = send(test, ledger, () => isOver);
    await sleep(20 + random() * 300);
    const pid = test.engine.pid();
    if (pid === undefined) throw new Error('There is no server to kill.');
    process.kill(pid, 'SIGKILL');
    await restarted(test, pid);
    await sleep(random() * 100);
    isOver = true;
    await load;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const found = await stored(test);
  const whole = new Set(found.filter(({ spans }) => spans === SPANS_A_REQUEST).map(({ traceId }) => traceId));
  const lost = [...ledger.acknowledged].filter((traceId) => !whole.has(traceId));
  const twice = found.filter(({ counted, spans }) => counted > spans).map(({ traceId }) => traceId);
  const writtenTwice = found.filter(({ written }) => written > SPANS_A_REQUEST).length;
  console.log(
    `${ROUNDS} kills in ${seconds.toFixed(0)} s: ${ledger.requests} requests, ${ledger.acknowledged.size} acknowledged after ` +
      `${ledger.refusals} refusals, at least ${writtenTwice} written twice; ${lost.length} lost, ${twice.length} counted twice`,
  );
  expect({ lost, twice }).toEqual({ lost: [], twice: [] });
  expect(ledger.acknowledged.size).toBe(ledger.requests);
  // The kills did hit requests under way.
  expect(ledger.refusals).toBeGreaterThan(ROUNDS);
});
