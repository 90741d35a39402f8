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
  const rows = await tallyRows(store, scope, window, { fromUs: window.toUs, anchorUs: window.toUs, bucketUs: DAY_US });
  return toTallies(rows).get(WHOLE) ?? emptyTally();
}

/** The tally of a window, and those of the last stretches of 24 hours that end with it, newest first. */
export interface TallyWithDays {
  readonly window: Tally;
  readonly days: readonly Tally[];
}

/** The tally of a scope over a window and over the days that end with it, in one pass over the calls. */
export async function tallyWithDays(store: Store, scope: Scope, window: Window, days: number): Promise<TallyWithDays> {
  const fromUs = window.toUs - days * DAY_US;
  const rows = await tallyRows(store, scope, window, { fromUs, anchorUs: window.toUs, bucketUs: DAY_US });
  const found = toTallies(rows);
  return {
    window: found.get(WHOLE) ?? emptyTally(),
    days: Array.from({ length: days }, (_, i) => found.get(i) ?? emptyTally()),
  };
}

/**
 * Tallies of a window in stretches of `bucketUs` microseconds, counted back from `anchorUs`, each with the known cost
 * of its calls by verdict.
 */
export async function talliesWithSpend(
  store: Store,
  scope: Scope,
  window: Window,
  bucketUs: number,
  anchorUs: number,
): Promise<Map<number, TallyWithSpend>> {
  const rows = await tallyRows(store, scope, window, { fromUs: window.fromUs, anchorUs, bucketUs });
  return new Map(
    rows
      .filter(({ bucket }) => bucket !== WHOLE)
      .map((row) => [row.bucket, { tally: toTally(row), spendUsd: row.by_verdict }]),
  );
}

/** The stretch that is the whole window. */
const WHOLE = -1;

/** Stretches of `bucketUs`, counted back from `anchorUs` as far as `fromUs`, from 0 on; none where both are the same. */
interface Stretches {
  readonly fromUs: number;
  readonly anchorUs: number;
  readonly bucketUs: number;
}

/**
 * Tallies a window as a whole and in stretches, which may begin before it.
 *
 * Weights are doubles, since they only weigh; amounts of money stay decimals. The mean cost of a model, which stands
 * in for an unknown cost, is taken over the scope and the whole window; for stretches, over all of them.
 */
async function tallyRows(
  store: Store,
  scope: Scope,
  window: Window,
  { fromUs, anchorUs, bucketUs }: Stretches,
): Promise<TallyRow[]> {
  const { sql, params } = callsIn(scope, {
    fromUs: Math.min(window.fromUs, fromUs),
    toUs: window.toUs,
  });
  const stretches = Math.ceil((anchorUs - fromUs) / bucketUs);
  const text = `
    WITH
        -- Calls that count alike are put together first, by keys of few bytes: there are many calls and few such groups.
        alike AS
        (
            SELECT
                toInt32(least(intDiv({anchorUs: Int64} - toUnixTimestamp64Micro(start_time) - 1, {bucketUs: Int64}), {stretches: Int32})) AS back,
                toUnixTimestamp64Micro(start_time) >= {windowFromUs: Int64} AS in_window,
                bitXor(cityHash64(provider), 3 * cityHash64(model)) AS priced_as,
                verdict, misattributed, row_level, failed_bits,
                count() AS n,
                countIf(cost_usd IS NULL) AS unknown,
                sum(ifNull(cost_usd, 0)) AS known,
                sum(toFloat64(ifNull(cost_usd, 0)) * toFloat64(ifNull(cost_usd, 0))) AS squares
            FROM calls FINAL
            WHERE ${sql}
            GROUP BY back, in_window, priced_as, verdict, misattributed, row_level, failed_bits
        ),
        weighed AS
        (
            SELECT
                *,
                bucket = ${WHOLE} AS is_whole,
                sum(toFloat64(known)) OVER (PARTITION BY is_whole, priced_as) / nullIf(sum(n - unknown) OVER (PARTITION BY is_whole, priced_as), 0) AS mean_of_model,
                sum(toFloat64(known)) OVER (PARTITION BY is_whole) / nullIf(sum(n - unknown) OVER (PARTITION BY is_whole), 0) AS mean_of_all,
                coalesce(mean_of_model, mean_of_all, 1.) AS imputed,
                toFloat64(known) + unknown * imputed AS w
            FROM
            (
                -- A call counts in the window and in its stretch.
                SELECT
                    *,
                    arrayJoin(arrayConcat(if(in_window, [toInt32(${WHOLE})], []), if(back < {stretches: Int32}, [back], []))) AS bucket
                FROM alike
            )
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
  return z
    .array(rowSchema)
    .parse(await store.rows(text, { ...params, stretches, bucketUs, anchorUs, windowFromUs: window.fromUs }));
}

/** SQL for how many calls, and how much weight, a condition holds for. */
function holding(condition: string): string {
  return `(sumIf(n, ${condition}), sumIf(w, ${condition}))`;
}

function toTallies(rows: readonly TallyRow[]): Map<number, Tally> {
  return new Map(rows.map((row) => [row.bucket, toTally(row)]));
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
