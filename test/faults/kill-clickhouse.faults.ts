import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { startSpanWriter } from '../../collector/store/span-writer.js';
import type { TestStore } from '../support/engine.js';
import { startTestStore } from '../support/engine.js';
import { seededRandom } from '../support/random.js';
import { clean, trace } from '../support/trace.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 100);
const SENDERS = 4;

const countsSchema = z.array(z.object({ spans: z.coerce.number(), counted: z.coerce.number() }));

/** Numbers of the traces that were acknowledged in one round of load. */
async function loadUntil(
  test: TestStore,
  first: number,
  done: () => boolean,
): Promise<{ acknowledged: number[]; sent: number }> {
  const writer = startSpanWriter({ store: test.store, clockUs: () => Date.now() * 1_000, maxWaitMs: 5 });
  const acknowledged: number[] = [];
  let next = first;
  const sender = async (): Promise<void> => {
    while (!done()) {
      const number = next;
      next += 1;
      const { spans } = trace(number).station('web', clean).station('agent', clean).call('gpt-4o');
      await writer.write(spans).then(
        () => acknowledged.push(number),
        // Refused while the database is away: a real sender would send it again.
        () => sleep(20),
      );
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await writer.stop();
  return { acknowledged, sent: next - first };
}

async function recovered(test: TestStore): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    if (
      await test.store.rows('SELECT 1').then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  throw new Error('ClickHouse did not come back within 30 s.');
}

it(`${ROUNDS} kill -9 of ClickHouse under load lose nothing that was acknowledged, and count nothing twice`, async () => {
  await using test = await startTestStore();
  const random = seededRandom(20_261_101);
  let acknowledgedInAll = 0;
  let sentInAll = 0;
  let lost = 0;
  let twice = 0;
  let next = 1;
  for (let round = 1; round <= ROUNDS; round += 1) {
    let isOver = false;
    const load = loadUntil(test, next, () => isOver);
    await sleep(20 + random() * 300);
    const pid = test.engine.pid();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await recovered(test);
    await sleep(random() * 100);
    isOver = true;
    const { acknowledged, sent } = await load;
    const [counted] = countsSchema.parse(
      await test.store.rows(
        `
      SELECT uniqExact(trace_id, span_id) AS spans, count() AS counted
      FROM spans FINAL
      WHERE trace_id IN {traceIds: Array(String)}`,
        { traceIds: acknowledged.map((number) => number.toString(16).padStart(32, '0')) },
      ),
    );
    lost += 3 * acknowledged.length - (counted?.spans ?? 0);
    twice += (counted?.counted ?? 0) - (counted?.spans ?? 0);
    acknowledgedInAll += acknowledged.length;
    sentInAll += sent;
    next += sent;
  }
  console.log(
    `${ROUNDS} kills: ${sentInAll} requests sent, ${acknowledgedInAll} acknowledged, ${lost} spans lost, ${twice} counted twice`,
  );
  expect({ lost, twice }).toEqual({ lost: 0, twice: 0 });
  expect(acknowledgedInAll).toBeGreaterThan(ROUNDS);
});
