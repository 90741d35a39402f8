import type { Count, Tally } from '../../auditor/score/tally.js';
import type { Gap } from '../../schemas/gate.js';

/** A tally of calls of one dollar each, so many of which are enforceable. */
export function tally(calls: number, enforceable: number = calls, change: Partial<Tally> = {}): Tally {
  const all: Count = { calls, weight: calls };
  const good: Count = { calls: enforceable, weight: enforceable };
  return {
    ...all,
    weightSquared: calls,
    spendUsd: usd(calls),
    enforceableSpendUsd: usd(enforceable),
    misattributedSpendUsd: usd(0),
    unknownCost: 0,
    misattributed: 0,
    rowLevel: all,
    enforceable: good,
    questions: {
      presence: all,
      survival: good,
      agreement: all,
      provenance: all,
      observation: all,
      cost: all,
      policy: all,
    },
    ...change,
  };
}

/** Whole dollars as an exact amount. */
export function usd(dollars: number): string {
  return `${dollars}.000000000000`;
}

/** A gap with what matters in a case. */
export function gap(rule: string, change: Partial<Gap> = {}): Gap {
  return {
    rule,
    severity: 'error',
    question: 'survival',
    attribute: 'tenant',
    hop: { from: 'agent', to: 'litellm' },
    calls: 1,
    traces: 1,
    spendUsd: usd(1),
    since: '2026-11-02T12:00:00.000000Z',
    isOlder: false,
    sampleTraceId: '1'.padStart(32, '0'),
    message: `${rule} happened.`,
    fix: `Mend ${rule}.`,
    ...change,
  };
}
