import type { Question } from '../../schemas/audit.js';

/** How many calls, and how much weight, a statement holds for. */
export interface Count {
  readonly calls: number;
  /** Sum of the calls' weights: cost in US dollars, imputed where it is unknown. */
  readonly weight: number;
}

/**
 * What the calls of one scope in one window come to: all that score and gate need to know.
 *
 * A call weighs its cost in dollars. A call of unknown cost weighs the mean known cost of its model in the window,
 * of all calls where its model has none, and 1 where no cost is known at all.
 */
export interface Tally extends Count {
  /** Sum of the squared weights, for the effective sample size. */
  readonly weightSquared: number;
  /** Sum of the known costs: US dollars, 12 decimals. */
  readonly spendUsd: string;
  /** Known cost of the enforceable calls. */
  readonly enforceableSpendUsd: string;
  /** Known cost of the misattributed calls. */
  readonly misattributedSpendUsd: string;
  /** Calls whose cost is unknown. */
  readonly unknownCost: number;
  /** Misattributed calls. */
  readonly misattributed: number;
  readonly rowLevel: Count;
  readonly enforceable: Count;
  /** Per question, the calls in which it holds. */
  readonly questions: Readonly<Record<Question, Count>>;
}
