import type { Question } from '../../schemas/audit.js';
import type { Score, Share } from '../../schemas/gate.js';
import type { Count, Tally } from './tally.js';
import { effectiveSize, wilson } from './wilson.js';

/**
 * The attribution-quality score of a scope in a window: 100 × the lower bound of the 95 % interval of the
 * enforceable share of spend, beside the shares that it is made of. Null where there is no spend to speak of.
 */
export function scoreOf(tally: Tally): Score {
  const holding = (question: Question) => sharesOf(tally.questions[question], tally);
  const enforceable = sharesOf(tally.enforceable, tally);
  return {
    score: enforceable.spend.share === null ? null : 100 * enforceable.spend.lower,
    rowLevel: sharesOf(tally.rowLevel, tally),
    enforceable,
    questions: {
      presence: holding('presence'),
      survival: holding('survival'),
      agreement: holding('agreement'),
      provenance: holding('provenance'),
      observation: holding('observation'),
      cost: holding('cost'),
      policy: holding('policy'),
    },
    misattributed: share(tally.misattributed, tally.calls, tally.calls),
    calls: tally.calls,
    unknownCost: tally.unknownCost,
    spendUsd: tally.spendUsd,
  };
}

function sharesOf(part: Count, whole: Tally): Score['enforceable'] {
  return {
    calls: share(part.calls, whole.calls, whole.calls),
    spend: share(part.weight, whole.weight, effectiveSize(whole.weight, whole.weightSquared)),
  };
}

function share(part: number, whole: number, n: number): Share {
  if (!(whole > 0)) return { share: null, lower: 0, upper: 1 };
  // Sums of doubles in another order may pass the whole by a rounding error.
  const observed = Math.min(1, part / whole);
  return { share: observed, ...wilson(observed, n) };
}
