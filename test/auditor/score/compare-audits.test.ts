import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { createAuditComparison } from '../../../auditor/score/compare-audits.js';
import { createRunningTally } from '../../../auditor/score/running-tally.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { clean, trace } from '../../support/trace.js';

const before = contract();
const after = contract({
  attributes: { tenant: { aliases: ['customer_id'] } },
  policies: [{ id: 'free', match: { tenant: ['nobody'] } }],
  prices: [{ provider: 'openai', model: 'our-own', inputPerMillion: 1, outputPerMillion: 10 }],
});
const { feature, policy } = clean;

const good = trace(1).station('web', clean).call('gpt-4o').spans;
const aliased = trace(2)
  .station('web', {}, { attributes: ['customer_id', 'acme', 'feature.id', feature, 'budget.policy.id', policy] })
  .call('our-own', undefined, { feature, policy }).spans;
const rewritten = trace(3)
  .station('web', clean)
  .station('litellm', { ...clean, tenant: 'globex' })
  .call('gpt-4o').spans;
const unknown = trace(4).station('web', clean).call('gpt-4o', null).spans;
const all = [good, aliased, rewritten, unknown];

function tallyOf(traces: readonly (readonly Span[])[]) {
  const tally = createRunningTally();
  for (const spans of traces) for (const call of auditTrace(spans, before).calls) tally.add(call);
  return tally.result();
}

describe('a running tally', () => {
  it('weighs a call by its cost, and one of unknown cost by the mean of its model, else of all, else by one', () => {
    // Two calls of 0.0035 dollars, one of gpt-4o without usage, and one of a model without a price.
    const usd = 0.0035;
    expect(tallyOf(all)).toEqual({
      calls: 4,
      weight: expect.closeTo(4 * usd, 12),
      weightSquared: expect.closeTo(4 * usd * usd, 15),
      spendUsd: '0.007000000000',
      enforceableSpendUsd: '0.003500000000',
      misattributedSpendUsd: '0.003500000000',
      unknownCost: 2,
      misattributed: 1,
      rowLevel: { calls: 3, weight: expect.closeTo(3 * usd, 12) },
      enforceable: { calls: 1, weight: expect.closeTo(usd, 12) },
      questions: {
        presence: { calls: 3, weight: expect.closeTo(3 * usd, 12) },
        survival: { calls: 4, weight: expect.closeTo(4 * usd, 12) },
        agreement: { calls: 3, weight: expect.closeTo(3 * usd, 12) },
        provenance: { calls: 4, weight: expect.closeTo(4 * usd, 12) },
        observation: { calls: 4, weight: expect.closeTo(4 * usd, 12) },
        cost: { calls: 2, weight: expect.closeTo(2 * usd, 12) },
        policy: { calls: 4, weight: expect.closeTo(4 * usd, 12) },
      },
    });
    expect(tallyOf([unknown])).toMatchObject({ calls: 1, weight: 1, weightSquared: 1, spendUsd: '0.000000000000' });
    expect(tallyOf([])).toMatchObject({ calls: 0, weight: 0, weightSquared: 0, unknownCost: 0 });
    expect(tallyOf(all.toReversed())).toEqual(tallyOf(all));
  });
});

describe('a comparison of audits', () => {
  it('tells which calls went from which verdict to which, and which findings came and went', () => {
    const comparison = createAuditComparison();
    for (const spans of all) comparison.add(auditTrace(spans, before), auditTrace(spans, after));
    const { traces, verdicts, rules, before: old, after: now } = comparison.result();
    expect(traces).toBe(4);
    expect(verdicts).toEqual([
      { from: 'unattributed', to: 'attributed', calls: 1, costUsd: '0.002000000000' },
      { from: 'attributed', to: 'attributed', calls: 2, costUsd: '0.003500000000' },
      { from: 'enforceable', to: 'attributed', calls: 1, costUsd: '0.003500000000' },
    ]);
    expect([old.calls, old.unknownCost, old.spendUsd]).toEqual([4, 2, '0.007000000000']);
    expect([now.calls, now.unknownCost, now.spendUsd]).toEqual([4, 1, '0.009000000000']);
    const changes = Object.fromEntries(rules.map((one) => [one.rule, [one.before, one.after]]));
    expect(changes).toMatchObject({
      'unknown-policy': [0, 4],
      missing: [1, 0],
      unpriced: [1, 0],
      rewritten: [1, 1],
      'no-usage': [1, 1],
    });
    // The greatest change first, then by name.
    expect(rules[0]?.rule).toBe('unknown-policy');
    const stay = rules.filter((one) => one.before === one.after).map(({ rule }) => rule);
    expect(rules.slice(-stay.length).map(({ rule }) => rule)).toEqual(stay);
    expect(stay).toEqual(stay.toSorted((a, b) => (a < b ? -1 : 1)));
  });
});
