import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { parseUsd } from '../../../auditor/cost/usd.js';
import { createRunningTally } from '../../../auditor/score/running-tally.js';
import { writeAudits } from '../../../collector/store/audits.js';
import { findGaps } from '../../../collector/store/questions/gaps.js';
import { askGate } from '../../../collector/store/questions/gate.js';
import { listCalls } from '../../../collector/store/questions/list-calls.js';
import { spendBy } from '../../../collector/store/questions/spend.js';
import { tallyCalls, tallyWithDays } from '../../../collector/store/questions/tally.js';
import type { Call } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { near } from '../../support/near.js';
import { clean, trace } from '../../support/trace.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const HOUR_US = 3_600_000_000;
const WINDOW = { fromUs: NOW_US - 7 * 24 * HOUR_US, toUs: NOW_US };

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

/** One call of a shape: how old it is, who pays, what it costs and what befell it. */
interface Shape {
  readonly hoursAgo: number;
  readonly tenant: string;
  readonly model: string;
  readonly tokens: number | null;
  readonly fate: 'clean' | 'dropped' | 'rewritten';
}

const shapes = fc.array(
  fc.record({
    hoursAgo: fc.integer({ min: 1, max: 160 }),
    tenant: fc.constantFrom('acme', 'globex'),
    model: fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'no-such-model'),
    tokens: fc.option(fc.integer({ min: 0, max: 5_000_000 })),
    fate: fc.constantFrom('clean' as const, 'dropped' as const, 'rewritten' as const),
  }),
  { minLength: 1, maxLength: 30 },
);

async function store(all: readonly Shape[], file: Parameters<typeof contract>[0] = {}): Promise<Call[]> {
  await Promise.all(['calls', 'audits', 'gates'].map((table) => test.store.command(`TRUNCATE TABLE ${table}`)));
  const audits = all.map(({ hoursAgo, tenant, model, tokens, fate }, i) => {
    const start = { startUs: NOW_US - hoursAgo * HOUR_US };
    const carried = { ...clean, tenant };
    const arriving = {
      clean: carried,
      dropped: { feature: clean.feature, policy: clean.policy },
      rewritten: { ...carried, tenant: 'pool' },
    }[fate];
    const usage = tokens === null ? null : { inputTokens: tokens, outputTokens: 10 };
    const { spans } = trace(i + 1)
      .station('web', carried, start)
      .station('gateway', arriving, start)
      .call(model, usage, { span: start });
    return auditTrace(spans, contract(file));
  });
  const toWrite = audits.map((audit) => ({ audit, seenUs: [NOW_US], firstDay: '2026-11-01', earlier: null }));
  await writeAudits(test.store, toWrite, NOW_US);
  return audits.flatMap(({ calls }) => calls);
}

function mean(calls: readonly Call[]): number | null {
  const known = calls.flatMap(({ costUsd }) => (costUsd === null ? [] : [Number(costUsd)]));
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
}

/** The tally as its definition says, slowly. */
function slowTally(calls: readonly Call[]) {
  const weight = (call: Call): number =>
    call.costUsd !== null
      ? Number(call.costUsd)
      : (mean(calls.filter(({ model }) => model === call.model)) ?? mean(calls) ?? 1);
  const sum = (some: readonly Call[]): number => some.map(weight).reduce((a, b) => a + b, 0);
  const holding = (some: readonly Call[]) => ({ calls: some.length, weight: expect.closeTo(sum(some), 6) });
  return {
    ...holding(calls),
    unknownCost: calls.filter(({ costUsd }) => costUsd === null).length,
    misattributed: calls.filter(({ misattributed }) => misattributed).length,
    enforceable: holding(calls.filter(({ verdict }) => verdict === 'enforceable')),
    rowLevel: holding(calls.filter(({ rowLevel }) => rowLevel)),
    questions: {
      survival: holding(calls.filter(({ failedQuestions }) => !failedQuestions.includes('survival'))),
      agreement: holding(calls.filter(({ failedQuestions }) => !failedQuestions.includes('agreement'))),
      cost: holding(calls.filter(({ failedQuestions }) => !failedQuestions.includes('cost'))),
    },
  };
}

describe('questions over stored calls', () => {
  it('tally as the definition says, whatever the calls', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (all) => {
        const calls = await store(all);
        const tally = await tallyCalls(test.store, {}, WINDOW);
        expect(tally).toMatchObject(slowTally(calls));
        // The same sums without a database, in another order.
        const running = createRunningTally();
        for (const call of calls.toReversed()) running.add(call);
        expect(running.result()).toEqual(near(tally));
        const exact = calls.reduce((sum, { costUsd }) => sum + (costUsd === null ? 0n : (parseUsd(costUsd) ?? 0n)), 0n);
        expect(parseUsd(tally.spendUsd)).toBe(exact);
        expect(tally.enforceable.calls).toBeLessThanOrEqual(tally.calls);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it('count a call whose tenant was lost or rewritten against the tenant that caused it', async () => {
    await store([
      { hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'clean' },
      { hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'dropped' },
      { hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'rewritten' },
      { hoursAgo: 1, tenant: 'globex', model: 'gpt-4o', tokens: 1000, fate: 'clean' },
    ]);
    expect(await tallyCalls(test.store, { tenant: 'acme' }, WINDOW)).toMatchObject({
      calls: 3,
      enforceable: { calls: 1 },
    });
    expect(await tallyCalls(test.store, { tenant: 'pool' }, WINDOW)).toMatchObject({ calls: 1, misattributed: 1 });
    expect(await tallyCalls(test.store, { tenant: 'globex', service: 'gateway' }, WINDOW)).toMatchObject({ calls: 1 });
    expect(await tallyCalls(test.store, { tenant: 'nobody' }, WINDOW)).toMatchObject({ calls: 0, weight: 0 });
  });

  it('tally days as stretches of 24 hours that end with the window', async () => {
    const shape = { tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'clean' } as const;
    await store([1, 23, 25, 80].map((hoursAgo) => ({ hoursAgo, ...shape })));
    const { window, days } = await tallyWithDays(test.store, {}, WINDOW, 3);
    expect(days.map(({ calls }) => calls)).toEqual([2, 1, 0]);
    expect(window).toEqual(await tallyCalls(test.store, {}, WINDOW));
  });

  it('tally days that reach back further than the window, and a window that reaches back further than its days', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 160 }), async (all, hours) => {
        await store(all);
        const window = { fromUs: NOW_US - hours * HOUR_US, toUs: NOW_US };
        const threeDays = { fromUs: NOW_US - 72 * HOUR_US, toUs: NOW_US };
        const tallied = await tallyWithDays(test.store, {}, window, 3);
        expect(tallied.window.calls).toBe(all.filter(({ hoursAgo }) => hoursAgo <= hours).length);
        const alone = await tallyCalls(test.store, {}, window);
        expect(tallied.window.spendUsd).toBe(alone.spendUsd);
        expect(tallied.window.weight).toBeCloseTo(alone.weight, 9);
        expect(tallied.window.weightSquared).toBeCloseTo(alone.weightSquared, 9);
        // An unknown cost weighs the mean of all three days, in each of them.
        const weight = tallied.days.reduce((sum, day) => sum + day.weight, 0);
        expect(weight).toBeCloseTo((await tallyCalls(test.store, {}, threeDays)).weight, 9);
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 8), seed: 7 },
    );
  }, 60_000);

  it('put findings together by rule and hop, most spend first, each call once', async () => {
    await store([
      { hoursAgo: 5, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'dropped' },
      { hoursAgo: 2, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'dropped' },
      { hoursAgo: 3, tenant: 'acme', model: 'gpt-4o', tokens: 1_000_000, fate: 'rewritten' },
    ]);
    const gaps = await findGaps(test.store, {}, WINDOW);
    expect(gaps).toMatchObject([
      {
        rule: 'rewritten',
        attribute: 'tenant',
        hop: { from: 'web', to: 'gateway' },
        calls: 1,
        spendUsd: '2.500100000000',
      },
      {
        rule: 'dropped',
        attribute: 'tenant',
        hop: { from: 'web', to: 'gateway' },
        calls: 2,
        spendUsd: '0.005200000000',
      },
    ]);
    expect(gaps[1]?.since).toBe(new Date((NOW_US - 5 * HOUR_US) / 1_000).toISOString().replace('Z', '000Z'));
  });

  it('say since when a gap is there that is older than the window, and where nobody knows', async () => {
    const shape = { tenant: 'acme', model: 'gpt-4o', tokens: 1000 } as const;
    const gapsOf = async (all: readonly Pick<Shape, 'hoursAgo' | 'fate'>[]) => {
      await store(all.map((one) => ({ ...shape, ...one })));
      const gaps = await findGaps(test.store, {}, WINDOW);
      const hoursAgo = (since: string): number => (NOW_US / 1_000 - Date.parse(since)) / 3_600_000;
      return gaps.map(({ rule, calls, since, isOlder }) => [rule, calls, hoursAgo(since), isOlder]);
    };
    const first = { hoursAgo: 160, fate: 'dropped' } as const;
    const earlier = { hoursAgo: 400, fate: 'dropped' } as const;
    const sound = { hoursAgo: 600, fate: 'clean' } as const;
    const late = { hoursAgo: 5, fate: 'rewritten' } as const;
    expect(await gapsOf([sound, earlier, first, late])).toEqual([
      ['dropped', 1, 400, false],
      ['rewritten', 1, 5, false],
    ]);
    expect(await gapsOf([earlier, first])).toEqual([['dropped', 1, 400, true]]);
    expect(await gapsOf([sound, first])).toEqual([['dropped', 1, 160, false]]);
    expect(await gapsOf([first])).toEqual([['dropped', 1, 160, true]]);
    // What is not there when the window begins is not looked for before.
    expect(await gapsOf([earlier, { ...first, hoursAgo: 100 }])).toEqual([['dropped', 1, 100, false]]);
  });

  it('show unattributed spend and unknown cost as rows and counts of their own', async () => {
    await store([
      { hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'clean' },
      { hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: 2000, fate: 'dropped' },
      { hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: null, fate: 'clean' },
    ]);
    expect(await spendBy(test.store, ['tenant'], {}, WINDOW)).toEqual([
      { by: { tenant: null }, calls: 1, costUsd: '0.005100000000', unknownCost: 0 },
      { by: { tenant: 'acme' }, calls: 2, costUsd: '0.002600000000', unknownCost: 1 },
    ]);
  });

  it('list every call once, page by page', async () => {
    const shape = { tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'clean' } as const;
    await store(Array.from({ length: 7 }, (_, i) => ({ hoursAgo: 1 + (i % 2), ...shape })));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listCalls(test.store, {}, WINDOW, { limit: 3, cursor });
      seen.push(...page.calls.map(({ traceId }) => traceId));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(7);
    expect(seen).toHaveLength(7);
  });

  it('call a policy dead where no service resolved to it, not where one did', async () => {
    const policies = ['pro-monthly', 'trial'].map((id) => ({ id, match: { tenant: ['acme'] } }));
    const { source } = contract({ policies, gate: { days: 1 } });
    await store([{ hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'clean' }], { policies });
    const policyCheck = async (scope: Scope) =>
      (await askGate(test.store, source, scope, NOW_US)).blockers.find(({ check }) => check === 'policies')?.message;
    const dead = "Policies do not fit the calls: no call resolved to 'trial'.";
    expect(await policyCheck({})).toBe(dead);
    expect(await policyCheck({ tenant: 'acme', service: 'a-service-without-calls' })).toBe(dead);
    expect(await policyCheck({ tenant: 'globex' })).toBeUndefined();
    expect(await policyCheck({ policy: 'pro-monthly' })).toBeUndefined();
  });

  it('keep every answer of the gate, and never say ready of an empty scope', async () => {
    await store([{ hoursAgo: 1, tenant: 'acme', model: 'gpt-4o', tokens: 1000, fate: 'clean' }]);
    const empty = await askGate(test.store, contract().source, { tenant: 'nobody' }, NOW_US);
    expect(empty.answer).toBe('insufficient_data');
    expect(empty.blockers.length).toBeGreaterThan(0);
    const kept = await test.store.rows('SELECT tenant, answer FROM gates');
    expect(kept).toEqual([{ tenant: 'nobody', answer: 'insufficient_data' }]);
  });
});
