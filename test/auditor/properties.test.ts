import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import { formatUsd, parseUsd } from '../../auditor/cost/usd.js';
import { reportOf } from '../../auditor/report.js';
import { createRunningTally } from '../../auditor/score/running-tally.js';
import { wilson } from '../../auditor/score/wilson.js';
import type { Outcome } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import { contract } from '../support/contract.js';
import { seededRandom } from '../support/random.js';
import { callFacts, START_US, trace } from '../support/trace.js';

const TRACE_ID = 'c'.repeat(32);

/** One span of a random tree: its parent is one of those before it, or none, or one that never came. */
const node = fc.record({
  parent: fc.integer({ min: -2, max: 30 }),
  service: fc.constantFrom('web', 'agent', 'router', 'litellm'),
  isRemote: fc.boolean(),
  tenant: fc.option(fc.constantFrom('acme', 'globex', 'unknown'), { nil: undefined }),
  feature: fc.option(fc.constantFrom('chat', 'search'), { nil: undefined }),
  policy: fc.option(fc.constant('pro'), { nil: undefined }),
  isCall: fc.boolean(),
  tokens: fc.option(fc.integer({ min: 0, max: 100_000 })),
  failed: fc.boolean(),
});
type Node = typeof node extends fc.Arbitrary<infer T> ? T : never;

const tree = fc.array(node, { minLength: 1, maxLength: 24 }).map((nodes) => nodes.map(toSpan));

function toSpan(one: Node, i: number): Span {
  const parent =
    one.parent === -1 ? null : one.parent === -2 ? 'dead'.padStart(16, '0') : i === 0 ? null : idOf(one.parent % i);
  const attributes = [
    ...(one.tenant === undefined ? [] : ['tenant.id', one.tenant]),
    ...(one.feature === undefined ? [] : ['feature.id', one.feature]),
    ...(one.policy === undefined ? [] : ['budget.policy.id', one.policy]),
  ];
  const usage = one.tokens === null ? null : { inputTokens: one.tokens, outputTokens: 7 };
  return {
    traceId: TRACE_ID,
    spanId: idOf(i),
    parentSpanId: parent,
    traceState: '',
    flags: one.isRemote ? 0x301 : 0x101,
    service: one.service,
    scopeName: 'test',
    scopeVersion: '1',
    name: `span ${i}`,
    kind: 1,
    startUs: START_US + (i % 5),
    endUs: START_US + 100,
    status: one.failed ? 2 : 0,
    droppedAttributes: 0,
    attributes,
    links: [],
    call: one.isCall ? callFacts('gpt-4o', usage) : null,
  };
}

function idOf(i: number): string {
  return (i + 1).toString(16).padStart(16, '0');
}

/** Mutation testing runs them again for every mutant, and so fewer of them. */
const SETTINGS = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 400), seed: 42 };

describe('an audit', () => {
  it('is the same for any order and any duplicates of the spans', () => {
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.nat()), (spans, order) => {
        const shuffled = [...spans, ...spans.slice(0, 5)]
          .map((span) => ({ span, at: order.next().value ?? 0 }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ span }) => span);
        expect(auditTrace(shuffled, contract())).toEqual(auditTrace(spans, contract()));
      }),
      SETTINGS,
    );
  });

  it('does not change by a span that has nothing to do with the calls', () => {
    fc.assert(
      fc.property(tree, node, (spans, extra) => {
        const unrelated = { ...toSpan({ ...extra, parent: -1, isCall: false }, 900), call: null };
        expect(auditTrace([...spans, unrelated], contract()).calls).toEqual(auditTrace(spans, contract()).calls);
      }),
      SETTINGS,
    );
  });

  it('costs the sum of its leaves, none of which has a call below it', () => {
    fc.assert(
      fc.property(tree, (spans) => {
        const audit = auditTrace(spans, contract());
        const known = audit.calls.flatMap(({ costUsd }) => (costUsd === null ? [] : [parseUsd(costUsd) ?? 0n]));
        const { costUsd } = reportOf([audit]).summary;
        expect(costUsd).toBe(known.length === 0 ? null : formatUsd(known.reduce((a, b) => a + b, 0n)));
        const parents = new Set(audit.calls.flatMap(({ echoSpanIds }) => echoSpanIds));
        expect(audit.calls.filter(({ spanId }) => parents.has(spanId))).toEqual([]);
        const usageSpans = audit.calls.flatMap(({ usageSpanId }) => usageSpanId ?? []);
        expect(new Set(usageSpans).size).toBe(usageSpans.length);
      }),
      SETTINGS,
    );
  });

  it('gives a verdict that follows from its findings', () => {
    fc.assert(
      fc.property(tree, (spans) => {
        for (const call of auditTrace(spans, contract()).calls) {
          const values = ['tenant', 'feature', 'policy'].map((name) => call.attributes[name]?.value ?? null);
          if (call.verdict !== 'unattributed') expect(values).not.toContain(null);
          if (call.verdict === 'enforceable') expect(call).toMatchObject({ failedQuestions: [], misattributed: false });
          else expect(call.failedQuestions).not.toEqual([]);
          expect(call.findings.map(({ rule }) => rule)).not.toContain('rule-failed');
        }
      }),
      SETTINGS,
    );
  });

  it('is enforceable for no more calls and spend than are attributed, and than pass each question, in every scope', () => {
    fc.assert(
      fc.property(tree, (spans) => {
        const { calls } = auditTrace(spans, contract());
        const services = [...new Set(calls.flatMap(({ route }) => route))];
        const scopes = [calls, ...services.map((service) => calls.filter(({ route }) => route.includes(service)))];
        for (const scope of scopes) {
          const tally = createRunningTally();
          for (const call of scope) tally.add(call);
          const { enforceable, questions, rowLevel } = tally.result();
          expect(enforceable.calls).toBeLessThanOrEqual(
            scope.filter(({ verdict }) => verdict !== 'unattributed').length,
          );
          for (const passed of Object.values(questions)) {
            expect(enforceable.calls).toBeLessThanOrEqual(passed.calls);
            expect(enforceable.weight).toBeLessThanOrEqual(passed.weight);
          }
          expect(rowLevel.calls).toBeLessThanOrEqual(scope.length);
        }
      }),
      SETTINGS,
    );
  });

  it('never gets a better outcome by taking the attribute away from a station', () => {
    const better: readonly Outcome[] = ['missing', 'dropped', 'late', 'unreported', 'intact'];
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), fc.nat(), (carries, at) => {
        const outcome = (which: readonly boolean[]): number => {
          const [first = false, ...rest] = which;
          const value = (carried: boolean) => (carried ? { tenant: 'acme' } : {});
          let place = trace().station('s0', value(first));
          for (const [i, carried] of rest.entries()) place = place.station(`s${i + 1}`, value(carried));
          const [call] = auditTrace(place.call('gpt-4o').spans, contract()).calls;
          return better.indexOf(call?.attributes['tenant']?.outcome ?? 'missing');
        };
        const less = carries.map((carried, i) => carried && i !== at % carries.length);
        expect(outcome(less)).toBeLessThanOrEqual(outcome(carries));
      }),
      SETTINGS,
    );
  });
});

describe('amounts of money', () => {
  it('are read and written without loss', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (pico) => {
        expect(parseUsd(formatUsd(pico))).toBe(pico);
      }),
    );
    expect(parseUsd('1.5e-7')).toBe(150_000n);
    expect(parseUsd('0.0000000000005')).toBe(1n);
    expect(parseUsd('NaN')).toBeNull();
    expect(parseUsd('')).toBeNull();
    expect(parseUsd('1,5')).toBeNull();
  });
});

describe("Wilson's interval", () => {
  it('covers the truth in at least 94 % of 10,000 simulated windows', () => {
    const random = seededRandom(1);
    let covered = 0;
    for (let window = 0; window < 10_000; window += 1) {
      const truth = 0.5 + random() / 2;
      const calls = 50 + Math.floor(random() * 400);
      let good = 0;
      for (let i = 0; i < calls; i += 1) if (random() < truth) good += 1;
      const { lower, upper } = wilson(good / calls, calls);
      if (lower <= truth && truth <= upper) covered += 1;
    }
    expect(covered / 10_000).toBeGreaterThanOrEqual(0.94);
  });
});
