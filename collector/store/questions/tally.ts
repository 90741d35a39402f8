import * as z from 'zod';
import type { Count, Tally } from '../../../auditor/score/tally.js';
import type { Question, Verdict } from '../../../schemas/audit.js';
import { questionSchema, usdSchema, verdictSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY, DAY_US } from './scope.js';

const count = z.coerce.number();

const rowSchema = z.object({
  bucket: count,
  calls: count,
  weight: count,
  weight_squared: count,
  spend: usdSchema,
  by_verdict: z.record(verdictSchema, usdSchema),
  misattributed_spend: usdSchema,
  unknown_cost: count,
  misattributed_calls: count,
  row_level_calls: z.tuple([count, count]),
  enforceable_calls: z.tuple([count, count]),
  questions: z.record(questionSchema, z.tuple([count, count])),
});

type TallyRow = z.infer<typeof rowSchema>;

/** A tally, and the known cost of its calls by verdict: US dollars, 12 decimals. */
export interface TallyWithSpend {
  readonly tally: Tally;
  readonly spendUsd: Readonly<Record<Verdict, string>>;
}

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
  const rows = await tallyRows(store, scope, window, bucketUs, anchorUs);
  return new Map(rows.map((row) => [row.bucket, toTally(row)]));
}

/** Tallies as `tallies` has them, each with the known cost of its calls by verdict. */
export async function talliesWithSpend(
  store: Store,
  scope: Scope,
  window: Window,
  bucketUs: number,
  anchorUs: number,
): Promise<Map<number, TallyWithSpend>> {
  const rows = await tallyRows(store, scope, window, bucketUs, anchorUs);
  return new Map(rows.map((row) => [row.bucket, { tally: toTally(row), spendUsd: row.by_verdict }]));
}

async function tallyRows(
  store: Store,
  scope: Scope,
  window: Window,
  bucketUs: number,
  anchorUs: number,
): Promise<TallyRow[]> {
  const { sql, params } = callsIn(scope, window);
  const text = `
    WITH
        -- Calls that count alike are put together first, by keys of few bytes: there are many calls and few such groups.
        alike AS
        (
            SELECT
                toInt32(intDiv({anchorUs: Int64} - toUnixTimestamp64Micro(start_time) - 1, {bucketUs: Int64})) AS bucket,
                bitXor(cityHash64(provider), 3 * cityHash64(model)) AS priced_as,
                verdict, misattributed, row_level, failed_bits,
                count() AS n,
                countIf(cost_usd IS NULL) AS unknown,
                sum(ifNull(cost_usd, 0)) AS known,
                sum(toFloat64(ifNull(cost_usd, 0)) * toFloat64(ifNull(cost_usd, 0))) AS squares
            FROM calls FINAL
            WHERE ${sql}
            GROUP BY bucket, priced_as, verdict, misattributed, row_level, failed_bits
        ),
        weighed AS
        (
            SELECT
                *,
                sum(toFloat64(known)) OVER (PARTITION BY priced_as) / nullIf(sum(n - unknown) OVER (PARTITION BY priced_as), 0) AS mean_of_model,
                sum(toFloat64(known)) OVER () / nullIf(sum(n - unknown) OVER (), 0) AS mean_of_all,
                coalesce(mean_of_model, mean_of_all, 1.) AS imputed,
                toFloat64(known) + unknown * imputed AS w
            FROM alike
        )
    SELECT
        bucket,
        sum(n) AS calls,
        sum(w) AS weight,
        sum(squares + unknown * imputed * imputed) AS weight_squared,
        toDecimalString(sum(known), 12) AS spend,
        map(${verdictSchema.options.map((one) => `'${one}', toDecimalString(sumIf(known, verdict = '${one}'), 12)`).join(', ')}) AS by_verdict,
        toDecimalString(sumIf(known, misattributed), 12) AS misattributed_spend,
        sum(unknown) AS unknown_cost,
        sumIf(n, misattributed) AS misattributed_calls,
        ${holding('row_level')} AS row_level_calls,
        ${holding("verdict = 'enforceable'")} AS enforceable_calls,
        map(${questionSchema.options.map((one, bit) => `'${one}', ${holding(`NOT bitTest(failed_bits, ${bit})`)}`).join(', ')}) AS questions
    FROM weighed
    GROUP BY bucket
    ${DAY_BY_DAY}`;
  return z.array(rowSchema).parse(await store.rows(text, { ...params, bucketUs, anchorUs }));
}

/** SQL for how many calls, and how much weight, a condition holds for. */
function holding(condition: string): string {
  return `(sumIf(n, ${condition}), sumIf(w, ${condition}))`;
}

function toTally(row: TallyRow): Tally {
  const inQuestion = (question: Question): Count => toCount(row.questions[question]);
  return {
    calls: row.calls,
    weight: row.weight,
    weightSquared: row.weight_squared,
    spendUsd: row.spend,
    enforceableSpendUsd: row.by_verdict.enforceable,
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
