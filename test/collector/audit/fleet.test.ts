import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AuditLoop } from '../../../collector/audit/loop.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { auditedCalls, forgetAudits } from '../../support/audited-calls.js';
import type { TestSpanWriter } from '../../support/span-rows.js';
import { startTestWriter } from '../../support/span-rows.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

const QUIET_MS = 5_000;

let test: TestStore;
let writer: TestSpanWriter;
// Near the present, since the tables forget what is long past by the clock of the server.
let nowUs = Date.now() * 1_000;

const clockUs = () => nowUs;
function loopOf(index: number, of: number): AuditLoop {
  const share = { index, of };
  return startAuditLoop({
    store: test.store,
    contract: contract(),
    clockUs,
    log: pino({ level: 'silent' }),
    quietMs: QUIET_MS,
    intervalMs: 0,
    share,
  });
}

/** Some traces of one call each, by one insert. */
async function write(from: number, many: number): Promise<void> {
  const numbers = Array.from({ length: many }, (_, i) => from + i);
  await writer.write(numbers.flatMap((n) => trace(n).station('web', clean).call('gpt-4o').spans));
}

const calls = (): Promise<unknown[]> => auditedCalls(test.store);

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await forgetAudits(test.store);
  writer = startTestWriter({ store: test.store, clockUs, minGapMs: 10 });
});

it('works the share of an auditor that is away, and gives it back', async () => {
  const more = async (from: number): Promise<void> => {
    await write(from, 10);
    nowUs += QUIET_MS * 1_000 + 1_000_000;
  };
  await more(1);
  const first = loopOf(0, 2);
  await first.sweep();
  await loopOf(1, 2).sweep();
  expect(await calls()).toHaveLength(10);
  await more(11);
  await first.sweep();
  expect((await calls()).length).toBeLessThan(20);
  nowUs += 31_000_000;
  await first.sweep();
  expect(await calls()).toHaveLength(20);
  expect(first.stats().sharesHelped).toBe(1);
  await more(21);
  await loopOf(1, 2).sweep();
  await first.sweep();
  expect(first.stats()).toMatchObject({ sharesHelped: 0, failedTraces: 0 });
  expect(await calls()).toHaveLength(30);
});

it('goes on where those of another count were', async () => {
  await write(1, 20);
  nowUs += QUIET_MS * 1_000 + 1_000_000;
  // The second of two was never there.
  await loopOf(0, 2).sweep();
  await write(21, 10);
  nowUs += QUIET_MS * 1_000 + 1_000_000;
  const three = [0, 1, 2].map((index) => loopOf(index, 3));
  for (const one of three) await one.sweep();
  nowUs += 100_000_000;
  for (const one of three) await one.sweep();
  const alone = loopOf(0, 1);
  await alone.sweep();
  const audited = three.map((one) => one.stats().traces);
  expect(audited.reduce((a, b) => a + b, 0)).toBeLessThan(30);
  expect(alone.stats().traces).toBe(0);
  expect(await calls()).toHaveLength(30);
});
