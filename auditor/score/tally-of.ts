import type { Question, Verdict } from '../../schemas/audit.js';
import { questionSchema } from '../../schemas/audit.js';
import { formatUsd } from '../cost/usd.js';
import type { Count, Tally } from './tally.js';

/** Calls that are alike in all that a tally asks, and of one model. */
export interface AlikeCalls {
  /** Provider and name, in any form that tells models apart. */
  readonly model: string;
  readonly verdict: Verdict;
  readonly isMisattributed: boolean;
  readonly isRowLevel: boolean;
  /** The questions that do not hold. */
  readonly failed: readonly Question[];
  readonly calls: number;
  /** Calls whose cost is unknown. */
  readonly unknown: number;
  /** Sum of the known costs, units of 1e-12 dollars. */
  readonly pico: bigint;
  /** Sum of the squares of the known costs, in dollars. */
  readonly squares: number;
}

/** What stands in for an unknown cost of a model, US dollars. */
export type MeanCosts = (model: string) => number;

const PICO_PER_USD = 1e12;

/** The mean known cost of each model over some calls; of all where the model has none, and 1 where nothing is known. */
export function meanCosts(groups: readonly AlikeCalls[]): MeanCosts {
  const byModel = new Map<string, { pico: bigint; known: number }>();
  const all = { pico: 0n, known: 0 };
  for (const { model, pico, calls, unknown } of groups) {
    const of = byModel.get(model) ?? { pico: 0n, known: 0 };
    byModel.set(model, of);
    for (const sums of [of, all]) {
      sums.pico += pico;
      sums.known += calls - unknown;
    }
  }
  const mean = ({ pico, known }: typeof all): number | null =>
    known === 0 ? null : Number(pico) / PICO_PER_USD / known;
  return (model) => mean(byModel.get(model) ?? all) ?? mean(all) ?? 1;
}

/** The tally of calls that are put together already, with the weights that `Tally` describes. */
export function tallyOf(groups: readonly AlikeCalls[], meanOf: MeanCosts = meanCosts(groups)): Tally {
  const count = (holds: (group: AlikeCalls) => boolean): Count => {
    let [calls, pico, imputed] = [0, 0n, 0];
    for (const group of groups) {
      if (!holds(group)) continue;
      calls += group.calls;
      pico += group.pico;
      imputed += group.unknown * meanOf(group.model);
    }
    return { calls, weight: Number(pico) / PICO_PER_USD + imputed };
  };
  const answered = (question: Question): Count => count(({ failed }) => !failed.includes(question));
  const [presence, survival, agreement, provenance, observation, cost, policy] = questionSchema.options.map(answered);
  const none = { calls: 0, weight: 0 };
  return {
    ...count(() => true),
    weightSquared: groups.reduce(
      (total, { model, squares, unknown }) => total + squares + unknown * meanOf(model) ** 2,
      0,
    ),
    spendUsd: spendOf(groups),
    enforceableSpendUsd: spendOf(groups.filter(({ verdict }) => verdict === 'enforceable')),
    misattributedSpendUsd: spendOf(groups.filter(({ isMisattributed }) => isMisattributed)),
    unknownCost: groups.reduce((total, { unknown }) => total + unknown, 0),
    misattributed: count(({ isMisattributed }) => isMisattributed).calls,
    rowLevel: count(({ isRowLevel }) => isRowLevel),
    enforceable: count(({ verdict }) => verdict === 'enforceable'),
    questions: {
      presence: presence ?? none,
      survival: survival ?? none,
      agreement: agreement ?? none,
      provenance: provenance ?? none,
      observation: observation ?? none,
      cost: cost ?? none,
      policy: policy ?? none,
    },
  };
}

/** The known cost of some calls: US dollars, 12 decimals. */
export function spendOf(groups: readonly AlikeCalls[]): string {
  return formatUsd(groups.reduce((total, { pico }) => total + pico, 0n));
}
