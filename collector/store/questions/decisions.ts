import * as z from 'zod';
import { periodAt } from '../../../auditor/policy/budget-period.js';
import type { Contract } from '../../../schemas/contract.js';
import type { DecisionSummary } from '../../../schemas/decision.js';
import { decisionSummarySchema } from '../../../schemas/decision.js';
import type { Store } from '../client.js';
import { watchedBudgets } from './budgets.js';
import { durationUs } from './gate.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';

const rowsSchema = z.array(
  decisionSummarySchema.extend({ policy: z.string().transform((policy) => (policy === '' ? null : policy)) }),
);

const usd = (sql: string): string => `toDecimalString(${sql}, 12)`;

const DECIDED = `decided_at >= fromUnixTimestamp64Micro({windowFromUs: Int64}, 'UTC')
              AND decided_at < fromUnixTimestamp64Micro({windowToUs: Int64}, 'UTC')
              AND ({tenant: String} = '' OR decisions.tenant = {tenant: String})
              AND ({policy: String} = '' OR decisions.policy = {policy: String})`;

/** Under which policies and when it was decided: no row where nothing was, and no call need be looked at. */
const madeSql = `
    SELECT
        groupUniqArray(policy) AS policies,
        toUnixTimestamp64Micro(min(period_from)) AS periodFromUs,
        toUnixTimestamp64Micro(max(decided_at)) AS lastUs
    FROM decisions
    WHERE ${DECIDED}
    HAVING count() > 0`;

const madeSchema = z.array(
  z.object({ policies: z.array(z.string()), periodFromUs: z.coerce.number(), lastUs: z.coerce.number() }),
);

/**
 * Compares the decisions of a window with what the audit found out later. The truth at a decision is what the calls
 * that had begun by then came to, in the same period and under the same policy. A decision would have been right to
 * deny where that, with the cost of its own call, is over the limit: its estimate stands in where no call names it.
 *
 * A decision is judged when its reservation has expired: by then its call is audited.
 */
export async function summarizeDecisions(
  store: Store,
  contract: Contract,
  { tenant = '', policy = '' }: { readonly tenant?: string | undefined; readonly policy?: string | undefined },
  window: Window,
  nowUs: number,
): Promise<DecisionSummary[]> {
  const ofWindow = { tenant, policy, windowFromUs: window.fromUs, windowToUs: window.toUs };
  const [made] = madeSchema.parse(await store.rows(madeSql, ofWindow));
  if (made === undefined) return [];
  const budgets = watchedBudgets(contract).filter((one) => made.policies.includes(one.policy));
  const fromUs = Math.min(window.fromUs, ...budgets.map(({ per }) => periodAt(window.fromUs, per).fromUs));
  // A call begins after its decision, and at most so long after.
  const toUs = window.toUs + durationUs(contract.decisions.expireAfter);
  const { sql, params } = callsIn({}, { fromUs, toUs });
  const rows = await store.rows(
    `
    WITH
        spending AS
        (
            SELECT
                resolved_policy AS policy,
                {pers: Array(String)}[indexOf({policies: Array(String)}, resolved_policy)] AS per,
                toDateTime64(multiIf(
                    per = 'hour', toDateTime(toStartOfHour(start_time), 'UTC'),
                    per = 'day', toDateTime(toStartOfDay(start_time), 'UTC'),
                    per = 'week', toDateTime(toMonday(start_time), 'UTC'),
                    toDateTime(toStartOfMonth(start_time), 'UTC')), 6, 'UTC') AS period_from,
                start_time,
                sum(ifNull(cost_usd, 0)) AS cost
            FROM calls FINAL
            WHERE ${sql}
              AND resolved_policy IN {policies: Array(String)}
              -- What began in an earlier period, or after the last decision, none of them goes by.
              AND start_time >= fromUnixTimestamp64Micro({periodFromUs: Int64}, 'UTC')
              AND start_time < fromUnixTimestamp64Micro({lastUs: Int64}, 'UTC')
            GROUP BY resolved_policy, start_time
        ),
        running AS
        (
            SELECT
                policy, period_from, start_time,
                sum(cost) OVER (PARTITION BY policy, period_from ORDER BY start_time ROWS UNBOUNDED PRECEDING) AS spent
            FROM spending
        ),
        paid AS
        (
            SELECT reservation_id, sum(ifNull(cost_usd, 0)) AS cost, countIf(cost_usd IS NULL) = 0 AS is_known
            FROM calls FINAL
            WHERE ${sql}
              AND reservation_id != ''
            GROUP BY reservation_id
        ),
        made AS
        (
            SELECT *
            FROM decisions FINAL
            WHERE ${DECIDED}
        ),
        told AS
        (
            SELECT
                made.policy AS policy, made.mode AS mode, made.answer AS answer, made.would AS would,
                made.limit_usd AS limit_usd, made.used_usd AS used_usd, made.estimated_usd AS estimated_usd,
                made.id AS id,
                made.expires_at <= fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC') AND made.limit_usd IS NOT NULL AS is_judged,
                running.spent AS spent
            FROM made
            ASOF LEFT JOIN running
                ON made.policy = running.policy AND made.period_from = running.period_from AND made.decided_at > running.start_time
        ),
        judged AS
        (
            SELECT
                told.*,
                paid.is_known AND paid.reservation_id != '' AS is_settled,
                if(is_settled, paid.cost, told.estimated_usd) AS cost,
                told.spent + cost > told.limit_usd AS is_over,
                is_judged AND would = 'deny' AND NOT is_over AS is_false_block,
                is_judged AND would != 'deny' AND is_over AS is_miss,
                told.used_usd - told.spent AS drift
            FROM told
            LEFT JOIN paid ON toString(told.id) = paid.reservation_id
        )
    SELECT
        policy,
        mode,
        toUInt32(count()) AS decisions,
        toUInt32(countIf(answer = 'allow')) AS allowed,
        toUInt32(countIf(answer = 'warn')) AS warned,
        toUInt32(countIf(answer = 'deny')) AS denied,
        toUInt32(countIf(would = 'deny')) AS wouldDeny,
        toUInt32(countIf(is_judged)) AS judged,
        toUInt32(countIf(is_false_block)) AS falseBlocks,
        ${usd('sumIf(estimated_usd, is_false_block)')} AS falseBlockUsd,
        toUInt32(countIf(is_miss)) AS misses,
        ${usd('sumIf(cost, is_miss)')} AS missUsd,
        toUInt32(countIf(is_judged AND is_settled)) AS settled,
        ${usd('sumIf(estimated_usd, is_judged AND is_settled)')} AS estimatedUsd,
        ${usd('sumIf(cost, is_judged AND is_settled)')} AS actualUsd,
        if(countIf(is_judged AND drift IS NOT NULL) = 0, NULL,
            ${usd('toDecimal128(sumIf(drift, is_judged) / greatest(countIf(is_judged AND drift IS NOT NULL), 1), 12)')}) AS meanDriftUsd,
        if(countIf(is_judged AND drift IS NOT NULL) = 0, NULL,
            ${usd('maxIf(abs(drift), is_judged)')}) AS largestDriftUsd
    FROM judged
    GROUP BY policy, mode
    ORDER BY policy, mode
    ${DAY_BY_DAY}`,
    {
      ...params,
      ...ofWindow,
      nowUs,
      periodFromUs: made.periodFromUs,
      lastUs: made.lastUs,
      policies: budgets.map((one) => one.policy),
      pers: budgets.map(({ per }) => per),
    },
  );
  return rowsSchema.parse(rows);
}
