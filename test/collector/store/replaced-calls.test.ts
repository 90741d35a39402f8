import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TraceAudit } from '../../../auditor/audit.js';
import { auditTrace } from '../../../auditor/audit.js';
import { formatUsd, parseUsd } from '../../../auditor/cost/usd.js';
import { writeAudits } from '../../../collector/store/audits.js';
import { gapsOfCalls } from '../../../collector/store/questions/gaps.js';
import { listHops } from '../../../collector/store/questions/hops.js';
import { listCalls } from '../../../collector/store/questions/list-calls.js';
import { listRoutes } from '../../../collector/store/questions/routes.js';
import { spendBy } from '../../../collector/store/questions/spend.js';
import { tallyCalls } from '../../../collector/store/questions/tally.js';
import type { Call } from '../../../schemas/audit.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
const WINDOW = { fromUs: NOW_US - 7 * DAY_US, toUs: NOW_US };

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

/** One audit of one of a few traces; a later one of the same trace may find other calls, on another day. */
const audits = fc.array(
  fc.record({
    number: fc.integer({ min: 1, max: 3 }),
    hoursAgo: fc.integer({ min: 1, max: 90 }),
    tenant: fc.constantFrom('acme', 'globex'),
    calls: fc.integer({ min: 0, max: 3 }),
    tokens: fc.option(fc.integer({ min: 0, max: 5_000_000 })),
    isDropped: fc.boolean(),
    isMerged: fc.boolean(),
  }),
  { minLength: 2, maxLength: 8 },
);
type Writing = typeof audits extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

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

it('answers count the newest audit of every trace once, whatever it replaces, merged or not', async () => {
  await fc.assert(
    fc.asyncProperty(audits, async (writings) => {
      for (const table of ['calls', 'audits']) await test.store.command(`TRUNCATE TABLE ${table}`);
      const newest = new Map<number, readonly Call[]>();
      const spanIds = new Set<string>();
      for (const [i, writing] of writings.entries()) {
        const audit = auditOf(writing);
        for (const { spanId } of audit.calls) spanIds.add(spanId);
        const days = Math.floor(NOW_US / DAY_US);
        const earlier = { auditedAtUs: 0, firstDay: days - 7, lastDay: days + 1, spanIds: new Set(spanIds) };
        await writeAudits(test.store, [{ audit, seenUs: [NOW_US], firstDay: '2026-11-01', earlier }], NOW_US + i);
        if (writing.isMerged) await test.store.command('OPTIMIZE TABLE calls FINAL');
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
