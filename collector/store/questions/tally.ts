import * as z from 'zod';
import type { Count, Tally } from '../../../auditor/score/tally.js';
import type { Question } from '../../../schemas/audit.js';
import { questionSchema, usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_US } from './scope.js';

const count = z.coerce.number();

const rowSchema = z.object({
  bucket: count,
  calls: count,
  weight: count,
  weight_squared: count,
  spend: usdSchema,
  enforceable_spend: usdSchema,
  misattributed_spend: usdSchema,
  unknown_cost: count,
  misattributed_calls: count,
  row_level_calls: z.tuple([count, count]),
  enforceable_calls: z.tuple([count, count]),
  questions: z.record(questionSchema, z.tuple([count, count])),
});

/** The tally of a scope over a window. */
export async function tallyCalls(store: Store, scope: Scope, window: Window): Promise<Tally> {
  return (await tallies(store, scope, window, window.toUs - window.fromUs)).get(0) ?? emptyTally();
}

/** The tallies of the stretches of 24 hours that end with the window, newest first. */
export async function tallyDays(store: Store, scope: Scope, toUs: number, days: number): Promise<Tally[]> {
  const byDay = await tallies(store, scope, { fromUs: toUs - days * DAY_US, toUs }, DAY_US);
  return Array.from({ length: days }, (_, i) => byDay.get(i) ?? emptyTally());
}

/**
 * Tallies a window in stretches of `bucketUs` microseconds, counted back from `anchorUs`: its end, where left out.
 *
 * Weights are doubles, since they only weigh; amounts of money stay decimals. The mean cost of a model, which stands
 * in for an unknown cost, is taken over the scope and the whole window.
 */
export async function tallies(
  store: Store,
  scope: Scope,
  window: Window,
  bucketUs: number,
  anchorUs = window.toUs,
): Promise<Map<number, Tally>> {
  const { sql, params } = callsIn(scope, window);
  const text = `
    WITH
        chosen AS
        (
            SELECT provider, model, cost_usd, verdict, misattributed, row_level, failed_questions, start_time
            FROM calls FINAL
            WHERE ${sql}
        ),
        weighed AS
        (
            SELECT
                *,
                avg(toFloat64(cost_usd)) OVER (PARTITION BY provider, model) AS mean_of_model,
                avg(toFloat64(cost_usd)) OVER () AS mean_of_all,
                coalesce(toFloat64(cost_usd), mean_of_model, mean_of_all, 1.) AS w
            FROM chosen
        )
    SELECT
        intDiv({anchorUs: Int64} - toUnixTimestamp64Micro(start_time) - 1, {bucketUs: Int64}) AS bucket,
        count() AS calls,
        sum(w) AS weight,
        sum(w * w) AS weight_squared,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS spend,
        toDecimalString(sumIf(ifNull(cost_usd, 0), verdict = 'enforceable'), 12) AS enforceable_spend,
        toDecimalString(sumIf(ifNull(cost_usd, 0), misattributed), 12) AS misattributed_spend,
        countIf(cost_usd IS NULL) AS unknown_cost,
        countIf(misattributed) AS misattributed_calls,
        ${holding('row_level')} AS row_level_calls,
        ${holding("verdict = 'enforceable'")} AS enforceable_calls,
        map(${questionSchema.options.map((one) => `'${one}', ${holding(`NOT has(failed_questions, '${one}')`)}`).join(', ')}) AS questions
    FROM weighed
    GROUP BY bucket`;
  const rows = z.array(rowSchema).parse(await store.rows(text, { ...params, bucketUs, anchorUs }));
  return new Map(rows.map((row) => [row.bucket, toTally(row)]));
}

/** SQL for how many calls, and how much weight, a condition holds for. */
function holding(condition: string): string {
  return `(countIf(${condition}), sumIf(w, ${condition}))`;
}

function toTally(row: z.infer<typeof rowSchema>): Tally {
  const inQuestion = (question: Question): Count => toCount(row.questions[question]);
  return {
    calls: row.calls,
    weight: row.weight,
    weightSquared: row.weight_squared,
    spendUsd: row.spend,
    enforceableSpendUsd: row.enforceable_spend,
    misattributedSpendUsd: row.misattributed_spend,
    unknownCost: row.unknown_cost,
    misattributed: row.misattributed_calls,
    rowLevel: toCount(row.row_level_calls),
    enforceable: toCount(row.enforceable_calls),
    questions: {
      presence: inQuestion('presence'),
      survival: inQuestion('survival'),
      agreement: inQuestion('agreement'),
      provenance: inQuestion('provenance'),
      observation: inQuestion('observation'),
      cost: inQuestion('cost'),
      policy: inQuestion('policy'),
    },
  };
}

function toCount([calls, weight]: [number, number]): Count {
  return { calls, weight };
}

function emptyTally(): Tally {
  const none = { calls: 0, weight: 0 };
  const zero = '0.000000000000';
  return {
    ...none,
    weightSquared: 0,
    spendUsd: zero,
    enforceableSpendUsd: zero,
    misattributedSpendUsd: zero,
    unknownCost: 0,
    misattributed: 0,
    rowLevel: none,
    enforceable: none,
    questions: {
      presence: none,
      survival: none,
      agreement: none,
      provenance: none,
      observation: none,
      cost: none,
      policy: none,
    },
  };
}
