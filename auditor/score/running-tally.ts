import type { Call, Question } from '../../schemas/audit.js';
import { questionSchema } from '../../schemas/audit.js';
import { formatUsd, parseUsd } from '../cost/usd.js';
import type { Count, Tally } from './tally.js';

/** A tally that calls are added to one by one; what it keeps grows with models and outcomes, not with calls. */
export interface RunningTally {
  readonly add: (call: Call) => void;
  readonly result: () => Tally;
}

/** Calls that are alike in all that a tally asks, and of one model. */
interface Group {
  readonly model: string;
  readonly isEnforceable: boolean;
  readonly isMisattributed: boolean;
  readonly isRowLevel: boolean;
  readonly failed: readonly Question[];
  known: number;
  unknown: number;
  pico: bigint;
  weight: number;
  weightSquared: number;
}

const PICO_PER_USD = 1e12;

/** Starts a tally, with the weights that `Tally` describes. */
export function createRunningTally(): RunningTally {
  const groups = new Map<string, Group>();
  return {
    add: (call) => {
      const key = JSON.stringify([
        call.provider,
        call.model,
        call.verdict,
        call.misattributed,
        call.rowLevel,
        call.failedQuestions,
      ]);
      const group = groups.get(key) ?? groupOf(call);
      groups.set(key, group);
      const pico = call.costUsd === null ? null : parseUsd(call.costUsd);
      if (pico === null) {
        group.unknown += 1;
        return;
      }
      const weight = Number(pico) / PICO_PER_USD;
      group.known += 1;
      group.pico += pico;
      group.weight += weight;
      group.weightSquared += weight * weight;
    },
    result: () => tallyOf([...groups.values()]),
  };
}

function groupOf({ provider, model, verdict, misattributed, rowLevel, failedQuestions }: Call): Group {
  return {
    model: JSON.stringify([provider, model]),
    isEnforceable: verdict === 'enforceable',
    isMisattributed: misattributed,
    isRowLevel: rowLevel,
    failed: failedQuestions,
    known: 0,
    unknown: 0,
    pico: 0n,
    weight: 0,
    weightSquared: 0,
  };
}

function tallyOf(groups: readonly Group[]): Tally {
  const meanOfAll = mean(groups);
  const means = new Map(
    [...new Set(groups.map(({ model }) => model))].map((model) => [
      model,
      mean(groups.filter((group) => group.model === model)) ?? meanOfAll ?? 1,
    ]),
  );
  const weightOf = (group: Group): number => group.weight + group.unknown * (means.get(group.model) ?? 1);
  const count = (holds: (group: Group) => boolean): Count => {
    const holding = groups.filter(holds);
    return { calls: sum(holding, callsOf), weight: sum(holding, weightOf) };
  };
  const spend = (holds: (group: Group) => boolean): string =>
    formatUsd(groups.filter(holds).reduce((total, { pico }) => total + pico, 0n));
  const answered = (question: Question): Count => count(({ failed }) => !failed.includes(question));
  const [presence, survival, agreement, provenance, observation, cost, policy] = questionSchema.options.map(answered);
  const none = { calls: 0, weight: 0 };
  return {
    ...count(() => true),
    weightSquared: sum(groups, (group) => group.weightSquared + group.unknown * (means.get(group.model) ?? 1) ** 2),
    spendUsd: spend(() => true),
    enforceableSpendUsd: spend(({ isEnforceable }) => isEnforceable),
    misattributedSpendUsd: spend(({ isMisattributed }) => isMisattributed),
    unknownCost: sum(groups, ({ unknown }) => unknown),
    misattributed: count(({ isMisattributed }) => isMisattributed).calls,
    rowLevel: count(({ isRowLevel }) => isRowLevel),
    enforceable: count(({ isEnforceable }) => isEnforceable),
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

function callsOf({ known, unknown }: Group): number {
  return known + unknown;
}

/** Mean known cost; null where none is known. */
function mean(groups: readonly Group[]): number | null {
  const known = sum(groups, (group) => group.known);
  return known === 0 ? null : sum(groups, ({ weight }) => weight) / known;
}

function sum(groups: readonly Group[], of: (group: Group) => number): number {
  return groups.reduce((total, group) => total + of(group), 0);
}
