import type { GateThresholds } from '../../schemas/contract.js';
import type { Blocker, Gap, GateAnswer, GateCheck, Scope, Score, Share } from '../../schemas/gate.js';
import { formatUsd, parseUsd } from '../cost/usd.js';
import { misattributing } from '../rules/misattributing.js';
import { scoreOf } from './score.js';
import type { Tally } from './tally.js';
import { effectiveSize, wilson } from './wilson.js';

export interface GateInput {
  readonly scope: Scope;
  /** The window, ISO 8601. */
  readonly from: string;
  readonly to: string;
  readonly window: Tally;
  /** The last days that must each hold, newest first: stretches of 24 hours that end with the window. */
  readonly days: readonly Tally[];
  /** The gaps in scope, most spend first. */
  readonly gaps: readonly Gap[];
  readonly deadPolicies: readonly string[];
  /** Calls to which several policies apply while none is named. */
  readonly ambiguousCalls: number;
}

/** A check together with the reason that it gives when it does not hold. */
interface Judged {
  readonly check: GateCheck;
  readonly message: string;
  readonly spendUsd: string;
  readonly worst: Gap | null;
  readonly moreCalls: number | null;
}

/**
 * Judges whether enforcement may be rolled out in a scope. A check that cannot hold by more calls alone makes the
 * answer `not_ready`; one that could is `unknown` and makes it `insufficient_data`. Never `ready` without calls.
 */
export function judgeGate(input: GateInput, thresholds: GateThresholds): GateAnswer {
  const score = scoreOf(input.window);
  const judged = [
    enoughCalls(input, thresholds),
    enforceableSpend(input, score, thresholds),
    enforceableCalls(input, score, thresholds),
    misattributedCalls(input, score, thresholds),
    unknownCost(input, thresholds),
    policies(input, thresholds),
    everyDay(input, thresholds),
  ];
  const holds = judged.map(({ check }) => check.holds);
  return {
    answer: holds.includes('no') ? 'not_ready' : holds.includes('unknown') ? 'insufficient_data' : 'ready',
    scope: input.scope,
    from: input.from,
    to: input.to,
    score,
    checks: judged.map(({ check }) => check),
    blockers: judged.filter(({ check }) => check.holds !== 'yes').map(blocker),
  };
}

function blocker({ check, message, spendUsd, worst, moreCalls }: Judged): Blocker {
  return { check: check.id, message, observed: check.observed, required: check.required, spendUsd, worst, moreCalls };
}

function enoughCalls({ window }: GateInput, { calls }: GateThresholds): Judged {
  const short = calls - window.calls;
  return {
    check: {
      id: 'calls',
      holds: short <= 0 ? 'yes' : 'unknown',
      observed: String(window.calls),
      required: `at least ${calls}`,
    },
    message: window.calls === 0 ? 'No call in this scope and window.' : `Only ${window.calls} calls in the window.`,
    spendUsd: window.spendUsd,
    worst: null,
    moreCalls: Math.max(0, short),
  };
}

function enforceableSpend(input: GateInput, score: Score, thresholds: GateThresholds): Judged {
  const { window, gaps } = input;
  const n = effectiveSize(window.weight, window.weightSquared);
  return atLeast('enforceable-spend', 'of spend is enforceable', score.enforceable.spend, thresholds.enforceableSpend, {
    n,
    spendUsd: difference(window.spendUsd, window.enforceableSpendUsd),
    worst:
      gaps.find(({ severity }) => severity === 'error') ?? gaps.find(({ severity }) => severity === 'warning') ?? null,
  });
}

function enforceableCalls(input: GateInput, score: Score, thresholds: GateThresholds): Judged {
  const { window, gaps } = input;
  return atLeast(
    'enforceable-calls',
    'of calls are enforceable',
    score.enforceable.calls,
    thresholds.enforceableCalls,
    {
      n: window.calls,
      spendUsd: difference(window.spendUsd, window.enforceableSpendUsd),
      worst:
        gaps.find(({ severity }) => severity === 'error') ??
        gaps.find(({ severity }) => severity === 'warning') ??
        null,
    },
  );
}

function atLeast(
  id: GateCheck['id'],
  what: string,
  share: Share,
  required: number,
  evidence: { n: number; spendUsd: string; worst: Gap | null },
): Judged {
  const holds =
    share.share === null ? 'unknown' : share.lower >= required ? 'yes' : share.share >= required ? 'unknown' : 'no';
  const passed = (share.share ?? 1) * evidence.n;
  return {
    check: { id, holds, observed: bounded(share), required: `lower bound at least ${percent(required)}` },
    message:
      share.share === null
        ? 'No spend to judge.'
        : `${percent(share.share)} ${what}, at least ${percent(share.lower, Math.floor)} with 95 % confidence.`,
    spendUsd: evidence.spendUsd,
    worst: share.share === 1 ? null : evidence.worst,
    moreCalls:
      holds === 'unknown'
        ? fewest((more) => wilson((passed + more) / (evidence.n + more), evidence.n + more).lower >= required)
        : null,
  };
}

function misattributedCalls({ window, gaps }: GateInput, score: Score, thresholds: GateThresholds): Judged {
  const share = score.misattributed;
  const allowed = thresholds.misattributedCalls;
  const holds =
    share.share === null ? 'unknown' : share.upper <= allowed ? 'yes' : share.share <= allowed ? 'unknown' : 'no';
  return {
    check: {
      id: 'misattributed-calls',
      holds,
      observed: bounded(share),
      required: `upper bound at most ${percent(allowed)}`,
    },
    message:
      window.misattributed === 0
        ? `No misattributed call in ${window.calls}, which shows only that at most ${percent(share.upper, Math.ceil)} are.`
        : `${window.misattributed} of ${window.calls} calls are misattributed: blocking could have stopped the wrong tenant.`,
    spendUsd: window.misattributedSpendUsd,
    worst: window.misattributed === 0 ? null : (gaps.find(({ rule }) => misattributing.has(rule)) ?? null),
    moreCalls:
      holds === 'unknown'
        ? fewest((more) => wilson(window.misattributed / (window.calls + more), window.calls + more).upper <= allowed)
        : null,
  };
}

function unknownCost({ window, gaps }: GateInput, { unknownCost: allowed }: GateThresholds): Judged {
  const share = window.calls === 0 ? null : window.unknownCost / window.calls;
  return {
    check: {
      id: 'unknown-cost',
      holds: share === null ? 'unknown' : share <= allowed ? 'yes' : 'no',
      observed: share === null ? 'no calls' : percent(share),
      required: `at most ${percent(allowed)}`,
    },
    message: `${window.unknownCost} of ${window.calls} calls have an unknown cost, so a budget would not see them.`,
    // The cost of these calls is what is not known: there is no amount to name.
    spendUsd: formatUsd(0n),
    worst: gaps.find(({ question, severity }) => question === 'cost' && severity === 'error') ?? null,
    moreCalls: null,
  };
}

function policies(
  { window, gaps, deadPolicies, ambiguousCalls }: GateInput,
  { policyProblems }: GateThresholds,
): Judged {
  const problems = deadPolicies.length + (ambiguousCalls > 0 ? 1 : 0);
  const parts = [
    ...(deadPolicies.length > 0 ? [`no call resolved to ${deadPolicies.map((id) => `'${id}'`).join(', ')}`] : []),
    ...(ambiguousCalls > 0 ? [`${ambiguousCalls} calls match several policies and name none`] : []),
  ];
  return {
    check: {
      id: 'policies',
      holds: problems <= policyProblems ? 'yes' : 'no',
      observed: `${deadPolicies.length} dead, ${ambiguousCalls > 0 ? 'some' : 'none'} ambiguous`,
      required: `at most ${policyProblems} dead or ambiguous`,
    },
    message: `Policies do not fit the calls: ${parts.join('; ')}.`,
    spendUsd: window.spendUsd,
    worst: gaps.find(({ rule }) => rule === 'ambiguous-policy') ?? null,
    moreCalls: null,
  };
}

/**
 * A day holds when its own shares meet the thresholds. Bounds are asked of the whole window only: a seventh of the
 * calls could not show them.
 */
function everyDay({ days, window, gaps }: GateInput, thresholds: GateThresholds): Judged {
  const states = days.map((day) => dayHolds(day, thresholds));
  const good = states.filter((state) => state === 'yes').length;
  const empty = states.filter((state) => state === 'unknown').length;
  return {
    check: {
      id: 'days',
      holds: states.includes('no') ? 'no' : empty > 0 ? 'unknown' : 'yes',
      observed: `${good} of the last ${days.length}`,
      required: `each of the last ${thresholds.days}`,
    },
    message:
      empty > 0 && good + empty === days.length
        ? `${empty} of the last ${days.length} days had no calls in this scope.`
        : `Only ${good} of the last ${days.length} days met the thresholds by themselves.`,
    spendUsd: difference(window.spendUsd, window.enforceableSpendUsd),
    worst: gaps.find(({ severity }) => severity === 'error') ?? null,
    moreCalls: null,
  };
}

function dayHolds(day: Tally, thresholds: GateThresholds): GateCheck['holds'] {
  if (day.calls === 0) return 'unknown';
  const spend = day.weight > 0 ? day.enforceable.weight / day.weight : 1;
  const holds =
    spend >= thresholds.enforceableSpend &&
    day.enforceable.calls / day.calls >= thresholds.enforceableCalls &&
    day.misattributed / day.calls <= thresholds.misattributedCalls &&
    day.unknownCost / day.calls <= thresholds.unknownCost;
  return holds ? 'yes' : 'no';
}

/** The least number of calls for which a condition holds that stays true once it is; null past ten million. */
function fewest(isEnough: (more: number) => boolean): number | null {
  let high = 1;
  while (!isEnough(high)) {
    if (high > 10_000_000) return null;
    high *= 2;
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function difference(whole: string, part: string): string {
  return formatUsd((parseUsd(whole) ?? 0n) - (parseUsd(part) ?? 0n));
}

function bounded({ share, lower, upper }: Share): string {
  if (share === null) return 'no calls';
  return `${percent(share)} (95 % interval ${percent(lower, Math.floor)} to ${percent(upper, Math.ceil)})`;
}

/**
 * A share as people write it. Near the ends more digits count; a share is never rounded up to all or down to none, a
 * lower bound never up and an upper bound never down, lest they seem to pass a threshold that they do not.
 */
function percent(share: number, round: (value: number) => number = Math.round): string {
  const value = share * 100;
  const unit = value < 0.1 || value > 99.9 ? 1_000 : value < 5 || value > 95 ? 100 : 10;
  const shown = round(Number((value * unit).toFixed(6))) / unit;
  if (share < 1 && shown === 100) return '99.999 %';
  if (share > 0 && shown === 0) return '0.001 %';
  return `${shown} %`;
}
