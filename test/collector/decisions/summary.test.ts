import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { startDecisionWriter } from '../../../collector/decisions/writer.js';
import type { DecisionRow } from '../../../collector/decisions/writer.js';
import { decisionSummarySchema } from '../../../schemas/decision.js';
import type { Span } from '../../../schemas/span.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { storeAudits } from '../../support/store-audits.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

/** A thousand tokens of this model cost a dollar, and a day has ten. */
const by = contract({
  policies: [{ id: 'pro-monthly', limit: { usd: 10, per: 'day' } }],
  prices: [{ provider: 'openai', model: 'dear', inputPerMillion: 1_000, outputPerMillion: 0 }],
});

const MINUTE = 60_000_000;
/** 2026-11-02, 12:00 UTC. */
const NOON = 1_793_620_800_000_000;
const DOLLAR = 1_000_000_000_000n;

let test: TestStore;
let api: TestApi;

beforeAll(async () => {
  test = await startTestStore();
  api = await startTestApi(test.store, by, () => NOON + 60 * MINUTE);
  // Before anything is decided 8 dollars are spent; the calls of the decisions follow.
  const calls = [paid(1, NOON - MINUTE, 8), paid(2, NOON + MINUTE + 1, 1, 'a'), paid(3, NOON + 5 * MINUTE + 1, 3, 'c')];
  await storeAudits(test.store, by, calls, NOON + 10 * MINUTE);
  await using writer = startDecisionWriter({ store: test.store });
  const rows = [
    // 8 + 1 fit, and it was allowed: right. It was thought that 8.50 are used.
    row('a', 1, { usedUsd: '8.500000000000' }),
    // 9 are spent; 0.50 more fit, and it would have been denied, since 10 were thought to be used: a false block.
    row('b', 3, { would: 'deny', estimatedPico: DOLLAR / 2n, usedUsd: '10.000000000000' }),
    // 9 are spent, the call came to 3 where 1 was expected: a miss.
    row('c', 5, { usedUsd: '9.000000000000' }),
    // 12 are spent, and it would have been denied: right.
    row('d', 7, { would: 'deny', usedUsd: '12.000000000000' }),
    // Too young to be judged.
    row('e', 59, { would: 'deny', usedUsd: '12.000000000000' }),
    row('f', 8, { mode: 'enforce', would: 'deny', answer: 'deny', usedUsd: '12.000000000000' }),
    row('0', 8, { policy: '', limitUsd: null, usedUsd: null, reason: 'no-policy', isReserved: false }),
  ];
  await Promise.all(rows.map((one) => writer.write(one)));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

const idOf = (digit: string): string => digit.repeat(32);

function row(digit: string, minute: number, change: Partial<DecisionRow>): DecisionRow {
  const decidedUs = NOON + minute * MINUTE;
  return {
    id: idOf(digit),
    decidedUs,
    expiresUs: decidedUs + 5 * MINUTE,
    tenant: 'acme',
    feature: 'chat',
    policy: 'pro-monthly',
    mode: 'shadow',
    answer: 'allow',
    would: 'allow',
    reason: 'within-budget',
    isReserved: true,
    isStale: false,
    estimatedPico: DOLLAR,
    usedUsd: null,
    limitUsd: '10.000000000000',
    periodFromUs: NOON - 720 * MINUTE,
    traceId: '',
    callId: '',
    who: 'local',
    ...change,
  };
}

function paid(number: number, startUs: number, usd: number, reservation?: string): readonly Span[] {
  const span = { startUs, endUs: startUs + 1_000 };
  const { spans } = trace(number)
    .station('web', clean, span)
    .call('dear', { inputTokens: usd * 1_000, outputTokens: 0 }, { span });
  const named = reservation === undefined ? [] : ['waybill.reservation.id', idOf(reservation)];
  return spans.map((one) => ({ ...one, attributes: [...one.attributes, ...named] }));
}

it('compares what was decided with what was spent', async () => {
  const answer = await fetch(`${api.url}/v1/decisions/summary?since=2h`);
  const { summary } = z.object({ summary: z.array(decisionSummarySchema) }).parse(await answer.json());
  expect(summary).toHaveLength(3);
  const [none, enforced, shadow] = summary;
  expect(none).toMatchObject({ policy: null, decisions: 1, judged: 0, meanDriftUsd: null, largestDriftUsd: null });
  expect(enforced).toMatchObject({ mode: 'enforce', denied: 1, wouldDeny: 1, judged: 1, falseBlocks: 0, misses: 0 });
  expect(shadow).toEqual({
    policy: 'pro-monthly',
    mode: 'shadow',
    decisions: 5,
    allowed: 5,
    warned: 0,
    denied: 0,
    wouldDeny: 3,
    judged: 4,
    falseBlocks: 1,
    falseBlockUsd: '0.500000000000',
    misses: 1,
    missUsd: '3.000000000000',
    settled: 2,
    estimatedUsd: '2.000000000000',
    actualUsd: '4.000000000000',
    // 0.50, 1, 0 and 0 over what was spent.
    meanDriftUsd: '0.375000000000',
    largestDriftUsd: '1.000000000000',
  });
});

it('is told of one tenant, and of nobody who decided nothing', async () => {
  const of = async (tenant: string): Promise<unknown> =>
    (await fetch(`${api.url}/v1/decisions/summary?since=2h&tenant=${tenant}`)).json();
  expect(await of('acme')).toMatchObject({ summary: [{}, {}, {}] });
  expect(await of('globex')).toEqual({ summary: [] });
});

it('is printed at the command line, as text and as CSV, with the exit code of something that does not hold', async () => {
  const ask = (...flags: string[]): ReturnType<typeof waybill> =>
    waybill(['decisions', '--url', api.url, '--since', '2h', ...flags]);
  const pretty = await ask();
  expect(pretty.code).toBe(1);
  expect(pretty.stdout).toMatch(/pro-monthly +shadow +5 +3 +4 +1 \(\$0\.50\) +1 \(\$3\.00\) +2 +\$2\.00 +\$4\.00/);
  const csv = await ask('--format', 'csv');
  expect(csv.stdout.trim().split('\n')).toHaveLength(4);
  expect(csv.stdout).toContain('pro-monthly,enforce,1,0,0,1,1,1,0,');
  expect((await ask('--tenant', 'globex')).code).toBe(3);
});
