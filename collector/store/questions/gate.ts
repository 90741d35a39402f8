import * as z from 'zod';
import { ambiguousPolicy } from '../../../auditor/rules/ambiguous-policy.js';
import { deadPolicy } from '../../../auditor/rules/dead-policy.js';
import { judgeGate } from '../../../auditor/score/gate.js';
import type { Contract } from '../../../schemas/contract.js';
import type { Blocker, Gap, GateAnswer, Scope } from '../../../schemas/gate.js';
import { gateAnswerSchema } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay, FILED } from './by-day.js';
import type { CallGap } from './call-gaps.js';
import { callGaps } from './call-gaps.js';
import { withoutSample, withSamples } from './gaps.js';
import { DAY_BY_DAY, iso } from './scope.js';
import type { Window } from './scope.js';
import { tallyWithDays } from './tally.js';

/**
 * Asks the gate: may enforcement be rolled out in this scope? The answer is kept in `gates`, unless told not to.
 *
 * @param toUs the end of the window, microseconds since 1970
 * @param since the length of the window, such as `7d`; the contract's where left out, as are the thresholds always
 */
export async function askGate(
  store: Store,
  contract: Contract,
  scope: Scope,
  toUs: number,
  since = contract.gate.window,
  keep = true,
): Promise<GateAnswer> {
  const thresholds = contract.gate;
  const window: Window = { fromUs: Math.max(0, toUs - durationUs(since)), toUs };
  const [tallied, found, dead] = await Promise.all([
    tallyWithDays(store, scope, window, thresholds.days),
    callGaps(store, scope, window),
    deadPolicies(store, contract, scope, window),
  ]);
  // A call has this finding once.
  const ambiguous = found.filter(({ rule }) => rule === ambiguousPolicy.id);
  const gaps = found.map(withoutSample);
  const judged = judgeGate(
    {
      scope,
      from: iso(window.fromUs),
      to: iso(window.toUs),
      ...tallied,
      gaps,
      deadPolicies: dead,
      ambiguousCalls: ambiguous.reduce((sum, { calls }) => sum + calls, 0),
    },
    thresholds,
  );
  const answer = { ...judged, blockers: await withWorst(store, scope, judged.blockers, found, gaps) };
  if (keep) await keepAnswer(store, answer, toUs);
  return answer;
}

/** Words and a call for the gaps that blockers name; the others need not be looked up. @param gaps in the order of `found` */
async function withWorst(
  store: Store,
  scope: Scope,
  blockers: readonly Blocker[],
  found: readonly CallGap[],
  gaps: readonly Gap[],
): Promise<Blocker[]> {
  const named = gaps.flatMap((gap, i) => {
    const of = found[i];
    return of !== undefined && blockers.some(({ worst }) => worst === gap) ? [{ gap, of }] : [];
  });
  const told = await withSamples(
    store,
    scope,
    named.map(({ of }) => of),
  );
  const toldOf = new Map(named.map(({ gap }, i) => [gap, told[i]]));
  return blockers.map((one) => ({ ...one, worst: one.worst === null ? null : (toldOf.get(one.worst) ?? one.worst) }));
}

/** A span of time such as `7d` in microseconds. */
export function durationUs(text: string): number {
  const unit = { s: 1, m: 60, h: 3_600, d: 86_400 }[text.slice(-1)];
  const amount = Number(text.slice(0, -1));
  if (unit === undefined || !(amount > 0)) throw new Error(`'${text}' is no span of time; 30s, 15m, 12h and 7d are.`);
  return amount * unit * 1_000_000;
}

export const resolvedOfDay: DailyQuestion<{ policy: string }> = {
  name: 'resolved',
  sql: (where) => `
    SELECT ${FILED} AS filed, resolved_policy AS policy
    FROM calls FINAL
    WHERE ${where}
    GROUP BY filed, policy
    ${DAY_BY_DAY}`,
  row: z.object({ policy: z.string() }),
};

/**
 * Policies of the contract in scope to which no call resolved. A policy is alive where any service resolved to it: it
 * is written for tenants and features, so one service alone cannot show it dead.
 */
async function deadPolicies(store: Store, { policies }: Contract, scope: Scope, window: Window): Promise<string[]> {
  // A policy that does not speak of this tenant or feature is not dead here: it is not meant for it.
  const expected = policies.filter(
    ({ id, match }) =>
      (scope.policy === undefined || scope.policy === id) &&
      (scope.tenant === undefined || match.tenant?.includes(scope.tenant) === true) &&
      (scope.feature === undefined || match.feature?.includes(scope.feature) === true),
  );
  if (expected.length === 0) return [];
  const { service: _, ...anyService } = scope;
  const found = await askByDay(store, resolvedOfDay, anyService, window);
  const resolved = new Set(found.map(({ row }) => row.policy));
  return [...deadPolicy.check({ expected: expected.map(({ id }) => id), resolved })];
}

/** Keeps an answer as evidence. @param askedAtUs microseconds since 1970 */
export async function keepAnswer(store: Store, answer: GateAnswer, askedAtUs: number): Promise<void> {
  const { tenant = '', feature = '', policy = '', service = '' } = answer.scope;
  await store.command(
    `
    INSERT INTO gates (asked_at, tenant, feature, policy, service, answer, score, evidence)
    SELECT
        fromUnixTimestamp64Micro({askedAtUs: Int64}, 'UTC'), {tenant: String}, {feature: String}, {policy: String},
        {service: String}, {answer: String}, {score: Nullable(Float64)}, {evidence: String}`,
    {
      askedAtUs,
      tenant,
      feature,
      policy,
      service,
      answer: answer.answer,
      score: answer.score.score,
      evidence: JSON.stringify(answer),
    },
  );
}

const keptSchema = z.array(z.object({ asked: z.string(), evidence: z.string() }));

/** The answers that the gate gave for exactly this scope, newest first. */
export async function gateHistory(
  store: Store,
  scope: Scope,
  limit = 100,
): Promise<{ askedAt: string; answer: GateAnswer }[]> {
  const { tenant = '', feature = '', policy = '', service = '' } = scope;
  const rows = await store.rows(
    `
    SELECT formatDateTime(asked_at, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS asked, evidence
    FROM gates
    WHERE tenant = {tenant: String}
      AND feature = {feature: String}
      AND policy = {policy: String}
      AND service = {service: String}
    ORDER BY asked_at DESC
    LIMIT {limit: UInt32}`,
    { tenant, feature, policy, service, limit },
  );
  return keptSchema
    .parse(rows)
    .map(({ asked, evidence }) => ({ askedAt: asked, answer: gateAnswerSchema.parse(JSON.parse(evidence)) }));
}

const lastSchema = z.array(z.object({ newest: z.string(), ready: z.string().nullable() }));

/** The last answer that was kept for exactly this scope, and when it was last ready; null: never. */
export async function lastAnswer(
  store: Store,
  { tenant = '', feature = '', policy = '', service = '' }: Scope,
): Promise<{ answer: string | null; readyAt: string | null }> {
  const rows = await store.rows(
    `
    SELECT
        argMax(answer, asked_at) AS newest,
        formatDateTime(maxOrNullIf(asked_at, answer = 'ready'), '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS ready
    FROM gates
    WHERE tenant = {tenant: String}
      AND feature = {feature: String}
      AND policy = {policy: String}
      AND service = {service: String}
    HAVING count() > 0`,
    { tenant, feature, policy, service },
  );
  const [last] = lastSchema.parse(rows);
  return { answer: last?.newest ?? null, readyAt: last?.ready ?? null };
}
