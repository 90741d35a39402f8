import { describe, expect, it } from 'vitest';
import type { GateInput } from '../../../auditor/score/gate.js';
import { judgeGate } from '../../../auditor/score/gate.js';
import { contract } from '../../support/contract.js';
import { gap, tally, usd } from '../../support/tally.js';

const thresholds = contract().source.gate;

/** Asks the gate with its defaults about a window of clean calls, unless told otherwise. */
function ask(change: Partial<GateInput> = {}, limits: Partial<typeof thresholds> = {}) {
  const window = change.window ?? tally(10_000);
  const input: GateInput = {
    scope: { tenant: 'acme' },
    from: '2026-10-26T12:00:00.000Z',
    to: '2026-11-02T12:00:00.000Z',
    window,
    days: [tally(1_400), tally(1_400), tally(1_400)],
    gaps: [],
    deadPolicies: [],
    ambiguousCalls: 0,
    ...change,
  };
  return judgeGate(input, { ...thresholds, ...limits });
}

/** Check id, to whether it holds. */
function checks(answer: ReturnType<typeof ask>) {
  return Object.fromEntries(answer.checks.map(({ id, holds }) => [id, holds]));
}

function blocker(answer: ReturnType<typeof ask>, id: string) {
  return answer.blockers.find(({ check }) => check === id);
}

describe('the gate', () => {
  it('is ready when every check holds, and then has no blockers', () => {
    const answer = ask();
    expect(answer).toMatchObject({ answer: 'ready', blockers: [], scope: { tenant: 'acme' } });
    expect(checks(answer)).toEqual({
      calls: 'yes',
      'enforceable-spend': 'yes',
      'enforceable-calls': 'yes',
      'misattributed-calls': 'yes',
      'unknown-cost': 'yes',
      policies: 'yes',
      days: 'yes',
    });
    expect(answer.score.score).toBeCloseTo(99.96, 2);
  });

  it('never says ready of an empty scope, and says why not', () => {
    const answer = ask({ window: tally(0), days: [tally(0), tally(0), tally(0)] });
    expect(answer.answer).toBe('insufficient_data');
    expect(answer.score.score).toBeNull();
    expect(checks(answer)).toMatchObject({
      calls: 'unknown',
      'enforceable-spend': 'unknown',
      'unknown-cost': 'unknown',
      days: 'unknown',
    });
    expect(blocker(answer, 'calls')).toMatchObject({
      message: 'No call in this scope and window.',
      moreCalls: 1_000,
      observed: '0',
      required: 'at least 1000',
    });
    expect(blocker(answer, 'enforceable-spend')?.message).toBe('No spend to judge.');
    expect(blocker(answer, 'days')?.message).toBe('3 of the last 3 days had no calls in this scope.');
  });

  it('needs exactly as many calls as the contract says', () => {
    expect(checks(ask({ window: tally(999) }, { misattributedCalls: 1 })).calls).toBe('unknown');
    expect(checks(ask({ window: tally(1_000) }, { misattributedCalls: 1 })).calls).toBe('yes');
    expect(blocker(ask({ window: tally(999) }), 'calls')).toMatchObject({
      message: 'Only 999 calls in the window.',
      moreCalls: 1,
    });
  });

  it('asks for 3,838 calls to show that at most 0.1 % are misattributed, and says how many more', () => {
    const short = ask({ window: tally(3_000) });
    expect(short.answer).toBe('insufficient_data');
    expect(blocker(short, 'misattributed-calls')).toMatchObject({
      moreCalls: 838,
      worst: null,
      message: 'No misattributed call in 3000, which shows only that at most 0.13 % are.',
    });
    expect(checks(ask({ window: tally(3_837) }))['misattributed-calls']).toBe('unknown');
    expect(checks(ask({ window: tally(3_838) }))['misattributed-calls']).toBe('yes');
  });

  it('is not ready when a share is under its threshold, whatever the number of calls', () => {
    const window = tally(10_000, 9_700);
    const answer = ask({
      window,
      gaps: [gap('late', { severity: 'warning' }), gap('dropped', { spendUsd: usd(300) })],
    });
    expect(answer.answer).toBe('not_ready');
    expect(checks(answer)).toMatchObject({ 'enforceable-spend': 'no', 'enforceable-calls': 'no', calls: 'yes' });
    expect(blocker(answer, 'enforceable-spend')).toMatchObject({
      message: '97 % of spend is enforceable, at least 96.64 % with 95 % confidence.',
      observed: '97 % (95 % interval 96.64 % to 97.32 %)',
      required: 'lower bound at least 99 %',
      spendUsd: usd(300),
      moreCalls: null,
      worst: { rule: 'dropped', hop: { from: 'agent', to: 'litellm' }, fix: 'Mend dropped.' },
    });
  });

  it('falls back to a warning where no error explains it', () => {
    const answer = ask({
      window: tally(10_000, 9_700),
      gaps: [gap('unreported', { severity: 'info' }), gap('late', { severity: 'warning' })],
    });
    expect(blocker(answer, 'enforceable-spend')?.worst?.rule).toBe('late');
    expect(blocker(answer, 'enforceable-calls')?.worst?.rule).toBe('late');
  });

  it('asks for more calls where the share is good and only its bound is not', () => {
    // 100 of 100: the lower bound is 100 / (100 + 3.84) = 96.3 %; 99 % takes 381 calls, 98 % 189.
    const answer = ask({ window: tally(100) }, { calls: 1, misattributedCalls: 1 });
    expect(answer.answer).toBe('insufficient_data');
    expect(blocker(answer, 'enforceable-spend')).toMatchObject({ moreCalls: 281, worst: null });
    expect(blocker(answer, 'enforceable-calls')).toMatchObject({ moreCalls: 89 });
  });

  it('counts spend by its effective sample size: one dear call among cheap ones is hardly a sample', () => {
    const uneven = tally(10_000, 10_000, { weight: 10_000, weightSquared: 1_000_000 });
    const answer = ask({ window: { ...uneven, enforceable: { calls: 10_000, weight: 10_000 } } });
    expect(checks(answer)).toMatchObject({ 'enforceable-spend': 'unknown', 'enforceable-calls': 'yes' });
    expect(answer.score.score).toBeCloseTo(100 * (100 / 103.8415), 3);
  });

  it('is not ready when calls are misattributed, and shows the worst of the rules that make them so', () => {
    const window = tally(10_000, 10_000, { misattributed: 20, misattributedSpendUsd: usd(20) });
    const answer = ask({ window, gaps: [gap('dropped'), gap('rewritten')] });
    expect(blocker(answer, 'misattributed-calls')).toMatchObject({
      message: '20 of 10000 calls are misattributed: blocking could have stopped the wrong tenant.',
      spendUsd: usd(20),
      worst: { rule: 'rewritten' },
      moreCalls: null,
    });
    expect(answer.answer).toBe('not_ready');
  });

  it('bounds the share of unknown costs', () => {
    expect(checks(ask({ window: tally(10_000, 10_000, { unknownCost: 100 }) }))['unknown-cost']).toBe('yes');
    const answer = ask({
      window: tally(10_000, 10_000, { unknownCost: 101 }),
      gaps: [
        gap('dropped'),
        gap('cache-replay', { question: 'cost', severity: 'info' }),
        gap('no-usage', { question: 'cost' }),
      ],
    });
    expect(answer.answer).toBe('not_ready');
    expect(blocker(answer, 'unknown-cost')).toMatchObject({
      observed: '1.01 %',
      required: 'at most 1 %',
      message: '101 of 10000 calls have an unknown cost, so a budget would not see them.',
      worst: { rule: 'no-usage' },
    });
  });

  it('is not ready with dead or ambiguous policies', () => {
    const answer = ask({
      deadPolicies: ['a', 'b'],
      ambiguousCalls: 3,
      gaps: [gap('ambiguous-policy', { question: 'policy' })],
    });
    expect(blocker(answer, 'policies')).toMatchObject({
      message:
        "Policies do not fit the calls: no call resolved to 'a', 'b'; 3 calls match several policies and name none.",
      observed: '2 dead, some ambiguous',
      required: 'at most 0 dead or ambiguous',
      worst: { rule: 'ambiguous-policy' },
    });
    expect(ask({ deadPolicies: ['a'] }, { policyProblems: 1 }).answer).toBe('ready');
    expect(ask({ ambiguousCalls: 1 }, { policyProblems: 0 }).answer).toBe('not_ready');
  });

  it('wants each of the last days to hold by itself', () => {
    const bad = ask({ days: [tally(1_400), tally(1_400, 1_300), tally(1_400)], gaps: [gap('dropped')] });
    expect(bad.answer).toBe('not_ready');
    expect(blocker(bad, 'days')).toMatchObject({
      observed: '2 of the last 3',
      required: 'each of the last 3',
      message: 'Only 2 of the last 3 days met the thresholds by themselves.',
      worst: { rule: 'dropped' },
    });
    const quiet = ask({ days: [tally(1_400), tally(0), tally(1_400)] });
    expect(quiet.answer).toBe('insufficient_data');
    expect(blocker(quiet, 'days')?.message).toBe('1 of the last 3 days had no calls in this scope.');
    const both = ask({ days: [tally(0), tally(10, 0), tally(10)] });
    expect(blocker(both, 'days')?.message).toBe('Only 1 of the last 3 days met the thresholds by themselves.');
  });

  it.each([
    ['spend', tally(1_000, 1_000, { enforceable: { calls: 1_000, weight: 989 } })],
    ['calls', tally(1_000, 1_000, { enforceable: { calls: 979, weight: 1_000 } })],
    ['misattributed calls', tally(1_000, 1_000, { misattributed: 2 })],
    ['unknown cost', tally(1_000, 1_000, { unknownCost: 11 })],
  ])('a day does not hold for its %s alone', (_, day) => {
    expect(checks(ask({ days: [day] })).days).toBe('no');
  });

  it('a day holds at exactly the thresholds, and without any spend', () => {
    const exact = tally(1_000, 1_000, { enforceable: { calls: 980, weight: 990 }, misattributed: 1, unknownCost: 10 });
    const free = tally(10, 10, { weight: 0, enforceable: { calls: 10, weight: 0 } });
    expect(checks(ask({ days: [exact, free] })).days).toBe('yes');
  });

  it('never rounds a share up to all or down to none', () => {
    const nearly = ask({ window: tally(10_000_000, 9_999_999) });
    expect(nearly.checks[1]?.observed).toBe('99.999 % (95 % interval 99.999 % to 99.999 %)');
    const hardly = ask({ window: tally(10_000_000, 10_000_000, { misattributed: 1 }) });
    expect(hardly.checks[3]?.observed).toBe('0.001 % (95 % interval 0.001 % to 0.001 %)');
  });

  it('says null where more calls could never settle it within reason', () => {
    const answer = ask({ window: tally(10) }, { calls: 1, enforceableCalls: 0.999_999_9, misattributedCalls: 1 });
    expect(blocker(answer, 'enforceable-calls')?.moreCalls).toBeNull();
  });
});

describe('the score', () => {
  it('stands beside the row-level share and the share of each question', () => {
    const { score } = ask({ window: tally(1_000, 900, { misattributed: 10, unknownCost: 5 }) });
    expect(score).toMatchObject({
      calls: 1_000,
      unknownCost: 5,
      spendUsd: usd(1_000),
      rowLevel: { calls: { share: 1 }, spend: { share: 1 } },
      enforceable: { calls: { share: 0.9 }, spend: { share: 0.9 } },
      misattributed: { share: 0.01 },
      questions: {
        survival: { calls: { share: 0.9 } },
        presence: { calls: { share: 1 } },
        policy: { spend: { share: 1 } },
      },
    });
    expect(score.score).toBeCloseTo(100 * score.enforceable.spend.lower, 10);
  });

  it('is null where nothing was spent, and never above 1 by a rounding error', () => {
    const free = tally(10, 10, { weight: 0, weightSquared: 0, enforceable: { calls: 10, weight: 0 } });
    expect(ask({ window: free }).score).toMatchObject({
      score: null,
      enforceable: { spend: { share: null, lower: 0, upper: 1 } },
    });
    const rounded = tally(10, 10, { enforceable: { calls: 10, weight: 10.000_000_1 } });
    expect(ask({ window: rounded }).score.enforceable.spend.share).toBe(1);
  });
});
