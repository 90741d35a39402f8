import type { Call } from '../../schemas/audit.js';
import { parseUsd } from '../cost/usd.js';
import type { Tally } from './tally.js';
import type { AlikeCalls } from './tally-of.js';
import { tallyOf } from './tally-of.js';

/** A tally that calls are added to one by one; what it keeps grows with models and outcomes, not with calls. */
export interface RunningTally {
  readonly add: (call: Call) => void;
  readonly result: () => Tally;
}

const PICO_PER_USD = 1e12;

/** Starts a tally, with the weights that `Tally` describes. */
export function createRunningTally(): RunningTally {
  const groups = new Map<string, AlikeCalls>();
  return {
    add: ({ provider, model, verdict, misattributed, rowLevel, failedQuestions, costUsd }) => {
      const key = JSON.stringify([provider, model, verdict, misattributed, rowLevel, failedQuestions]);
      const before = groups.get(key);
      const cost = costUsd === null ? null : parseUsd(costUsd);
      groups.set(key, {
        model: JSON.stringify([provider, model]),
        verdict,
        isMisattributed: misattributed,
        isRowLevel: rowLevel,
        failed: failedQuestions,
        calls: (before?.calls ?? 0) + 1,
        unknown: (before?.unknown ?? 0) + (cost === null ? 1 : 0),
        pico: (before?.pico ?? 0n) + (cost ?? 0n),
        squares: (before?.squares ?? 0) + (Number(cost ?? 0n) / PICO_PER_USD) ** 2,
      });
    },
    result: () => tallyOf([...groups.values()]),
  };
}
