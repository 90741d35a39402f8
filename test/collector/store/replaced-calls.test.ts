import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TraceAudit } from '../../../auditor/audit.js';
import { auditTrace } from '../../../auditor/audit.js';
import { formatUsd, parseUsd } from '../../../auditor/cost/usd.js';
import { writeAudits } from '../../../collector/store/audits.js';
import type { Store } from '../../../collector/store/client.js';
import { createDaySums } from '../../../collector/store/day-sums.js';
import { gapsOfCalls } from '../../../collector/store/questions/gaps.js';
import { askGate } from '../../../collector/store/questions/gate.js';
import { listHops } from '../../../collector/store/questions/hops.js';
import { listCalls } from '../../../collector/store/questions/list-calls.js';
import { policyFit } from '../../../collector/store/questions/policy-fit.js';
import { listRoutes } from '../../../collector/store/questions/routes.js';
import { listScopes } from '../../../collector/store/questions/scopes.js';
import { seriesOf } from '../../../collector/store/questions/series.js';
import { spendBy } from '../../../collector/store/questions/spend.js';
import { tallyCalls } from '../../../collector/store/questions/tally.js';
import { warmDays } from '../../../collector/store/questions/warm-days.js';
import type { Call } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { near } from '../../support/near.js';
import { clean, trace } from '../../support/trace.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** Calls older than this are filed under the day of their arrival, which was two days ago. */
const OLD_HOURS = 24 * 34;
const WINDOW = { fromUs: NOW_US - 7 * DAY_US, toUs: NOW_US };

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

/** One audit of one of a few traces; a later one of the same trace may find other calls, on another day. */
const audit = {
  number: fc.integer({ min: 1, max: 3 }),
  hoursAgo: fc.integer({ min: 1, max: 90 }),
  tenant: fc.constantFrom('acme', 'globex'),
  calls: fc.integer({ min: 0, max: 3 }),
  tokens: fc.option(fc.integer({ min: 0, max: 5_000_000 })),
  isDropped: fc.boolean(),
  isMerged: fc.boolean(),
};
const audits = fc.array(fc.record(audit), { minLength: 2, maxLength: 8 });
/** The same, some of it so old that it is filed under the day of its arrival. */
const writings = fc.record({
  ...audit,
  hoursAgo: fc.oneof(audit.hoursAgo, fc.integer({ min: OLD_HOURS + 1, max: 24 * 59 })),
});
type Writing = typeof writings extends fc.Arbitrary<infer One> ? One : never;

function auditOf({ number, hoursAgo, tenant, calls, tokens, isDropped }: Writing): TraceAudit {
  const start = { startUs: NOW_US - hoursAgo * HOUR_US };
  const carried = { ...clean, tenant };
  const { tenant: _lost, ...rest } = carried;
  const gateway = trace(number)
    .station('web', carried, start)
    .station('gateway', isDropped ? rest : carried, start);
  const usage = tokens === null ? null : { inputTokens: tokens, outputTokens: 10 };
  for (let i = 0; i < calls; i += 1) gateway.call('gpt-4o', usage, { span: start });
  return auditTrace(gateway.spans, contract());
}

const sumOf = (calls: readonly Call[]): string =>
  formatUsd(calls.reduce((sum, { costUsd }) => sum + (costUsd === null ? 0n : (parseUsd(costUsd) ?? 0n)), 0n));

async function write(writing: Writing, i: number, spanIds: Set<string>): Promise<TraceAudit> {
  const audit = auditOf(writing);
  for (const { spanId } of audit.calls) spanIds.add(spanId);
  const days = Math.floor(NOW_US / DAY_US);
  const earlier = { auditedAtUs: 0, firstDay: days - 7, lastDay: days + 1, spanIds: new Set(spanIds) };
  await writeAudits(
    test.store,
    [{ audit, seenUs: [writing.hoursAgo > OLD_HOURS ? NOW_US - 2 * DAY_US : NOW_US], firstDay: '2026-11-01', earlier }],
    NOW_US + i,
  );
  if (writing.isMerged) await test.store.command('OPTIMIZE TABLE calls FINAL');
  return audit;
}

it('answers count the newest audit of every trace once, whatever it replaces, merged or not', async () => {
  await fc.assert(
    fc.asyncProperty(audits, async (writings) => {
      for (const table of ['calls', 'audits']) await test.store.command(`TRUNCATE TABLE ${table}`);
      const newest = new Map<number, readonly Call[]>();
      const spanIds = new Set<string>();
      for (const [i, writing] of writings.entries()) {
        const audit = await write(writing, i, spanIds);
        newest.set(writing.number, audit.calls);
      }
      const calls = [...newest.values()].flat();
      const dropped = calls.filter(({ findings }) => findings.some(({ rule }) => rule === 'dropped'));
      const totals = { calls: calls.length, spendUsd: sumOf(calls) };

      expect(await tallyCalls(test.store, {}, WINDOW)).toMatchObject(totals);
      const spend = await spendBy(test.store, ['tenant', 'day'], {}, WINDOW);
      expect(spend.reduce((sum, one) => sum + one.calls, 0)).toBe(calls.length);
      expect(await listRoutes(test.store, {}, WINDOW)).toMatchObject(
        calls.length === 0 ? [] : [{ calls: calls.length, costUsd: totals.spendUsd }],
      );
      expect(await listHops(test.store, {}, WINDOW, 10)).toMatchObject(calls.length === 0 ? [] : [totals]);
      const gaps = await gapsOfCalls(test.store, {}, WINDOW);
      expect(gaps.filter(({ rule }) => rule === 'dropped')).toMatchObject(
        dropped.length === 0
          ? []
          : [
              {
                calls: dropped.length,
                traces: new Set(dropped.map(({ traceId }) => traceId)).size,
                spendUsd: sumOf(dropped),
                message: expect.stringContaining('gone at gateway'),
                fix: expect.stringContaining('Propagate baggage'),
              },
            ],
      );
      const listed = await listCalls(test.store, {}, WINDOW, { limit: 100 });
      expect(listed.calls.map(({ spanId }) => spanId).toSorted()).toEqual(calls.map(({ spanId }) => spanId).toSorted());
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 8), seed: 11 },
  );
}, 120_000);

/** What is asked after a writing, whether somebody is forgotten before, and whether it was foreseen. */
const askings = fc.record({
  hours: fc.constantFrom(26, 60, 168, 24 * 60),
  scope: fc.constantFrom({}, { tenant: 'acme' }, { service: 'gateway' }),
  isForgotten: fc.boolean(),
  isWarmed: fc.boolean(),
});

it('what is kept of days answers as the calls do, whatever is written, moved, merged or forgotten in between', async () => {
  let kept = 0;
  const counting: Store = {
    ...test.store,
    daySums: createDaySums(test.store),
    rows: (sql, params) => {
      const days = params?.['knownDays'];
      if (Array.isArray(days)) kept += days.length;
      return test.store.rows(sql, params);
    },
  };
  const answers = async (store: Store, { hours, scope }: { hours: number; scope: Scope }) => {
    const window = { fromUs: NOW_US - hours * HOUR_US, toUs: NOW_US };
    const policies = contract({ policies: [{ id: 'pro-monthly', match: {} }] });
    return {
      tally: await tallyCalls(store, scope, window),
      series: await seriesOf(store, scope, window),
      gaps: await gapsOfCalls(store, scope, window),
      scopes: await listScopes(store, scope, window, 100),
      routes: await listRoutes(store, scope, window),
      gate: await askGate(store, policies.source, scope, NOW_US, `${hours}h`, false),
      policies: await policyFit(store, policies, scope, window),
      spend: await spendBy(store, ['tenant', 'day'], scope, window),
      mostSpent: await spendBy(store, ['day', 'model'], scope, window, 2),
    };
  };
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(writings, askings), { minLength: 3, maxLength: 6 }), async (steps) => {
      for (const table of ['calls', 'audits']) await test.store.command(`TRUNCATE TABLE ${table}`);
      const spanIds = new Set<string>();
      for (const [i, [writing, asking]] of steps.entries()) {
        // Asked before as well, so that something is kept that may have become wrong.
        await answers(counting, asking);
        if (asking.isWarmed) await warmDays(counting, NOW_US);
        await write(writing, i, spanIds);
        if (asking.isForgotten) {
          await test.store.command("ALTER TABLE calls DELETE WHERE tenant = 'globex' SETTINGS mutations_sync = 1");
        }
        const expected = near(await answers(test.store, asking));
        if (asking.isWarmed) await warmDays(counting, NOW_US);
        // Asked by several at once, who share what they find.
        const told = await Promise.all([answers(counting, asking), answers(counting, asking)]);
        expect(told).toEqual([expected, expected]);
      }
    }),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 2), seed: 13 },
  );
  expect(kept).toBeGreaterThan(0);
}, 120_000);
