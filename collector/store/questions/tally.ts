import * as z from 'zod';
import type { Tally } from '../../../auditor/score/tally.js';
import type { AlikeCalls } from '../../../auditor/score/tally-of.js';
import { meanCosts, spendOf, tallyOf } from '../../../auditor/score/tally-of.js';
import type { Verdict } from '../../../schemas/audit.js';
import { questionSchema, verdictSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay, FILED } from './by-day.js';
import type { Window } from './scope.js';
import { DAY_BY_DAY, DAY_US } from './scope.js';
import { picoSchema } from './pico.js';

/** A tally, and the known cost of its calls by verdict: US dollars, 12 decimals. */
export interface TallyWithSpend {
  readonly tally: Tally;
  readonly spendUsd: Readonly<Record<Verdict, string>>;
}

/** The tally of a scope over a window. */
export async function tallyCalls(store: Store, scope: Scope, window: Window): Promise<Tally> {
  return (await tallyWithDays(store, scope, window, 0)).window;
}

/** The tally of a window, and those of the last stretches of 24 hours that end with it, newest first. */
export interface TallyWithDays {
  readonly window: Tally;
  readonly days: readonly Tally[];
}

/** The tally of a scope over a window and over the days that end with it, in one pass over the calls. */
export async function tallyWithDays(store: Store, scope: Scope, window: Window, days: number): Promise<TallyWithDays> {
  const fromUs = window.toUs - days * DAY_US;
  const placed = await alikeCalls(store, scope, window, { fromUs, anchorUs: window.toUs, bucketUs: DAY_US });
  const inDays = placed.filter(({ back }) => back < days);
  const meanOf = meanCosts(inDays);
  return {
    window: tallyOf(placed.filter(({ isInWindow }) => isInWindow)),
    days: Array.from({ length: days }, (_, i) =>
      tallyOf(
        inDays.filter(({ back }) => back === i),
        meanOf,
      ),
    ),
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
  const placed = await alikeCalls(store, scope, window, { fromUs: window.fromUs, anchorUs, bucketUs });
  const meanOf = meanCosts(placed);
  const byStretch = new Map<number, PlacedCalls[]>();
  for (const one of placed) byStretch.set(one.back, [...(byStretch.get(one.back) ?? []), one]);
  return new Map(
    [...byStretch].map(([back, groups]) => [
      back,
      {
        tally: tallyOf(groups, meanOf),
        spendUsd: {
          unattributed: spendOfVerdict(groups, 'unattributed'),
          attributed: spendOfVerdict(groups, 'attributed'),
          enforceable: spendOfVerdict(groups, 'enforceable'),
        },
      },
    ]),
  );
}

function spendOfVerdict(groups: readonly AlikeCalls[], verdict: Verdict): string {
  return spendOf(groups.filter((one) => one.verdict === verdict));
}

/** Stretches of `bucketUs`, counted back from `anchorUs` as far as `fromUs`, from 0 on; none where both are the same. */
interface Stretches {
  readonly fromUs: number;
  readonly anchorUs: number;
  readonly bucketUs: number;
}

/** Calls that are alike, in the stretch that is `back`, the number of stretches where they are older than all. */
interface PlacedCalls extends AlikeCalls {
  readonly back: number;
  readonly isInWindow: boolean;
}

const rowSchema = z.object({
  back: z.coerce.number(),
  in_window: z.coerce.boolean(),
  priced_as: z.string(),
  verdict: verdictSchema,
  misattributed: z.boolean(),
  row_level: z.boolean(),
  failed_bits: z.coerce.number(),
  calls: z.coerce.number(),
  unknown: z.coerce.number(),
  pico: picoSchema,
  squares: z.coerce.number(),
});
type AlikeRow = z.infer<typeof rowSchema>;

/** By keys of few bytes: there are many calls and few groups. Asked as it is, all is in one stretch and one window. */
export const alikeOfDay: DailyQuestion<AlikeRow> = {
  name: 'alike',
  sql: (where) => `
    SELECT
        ${FILED} AS filed,
        toInt32(least(intDiv({anchorUs: Int64} - toUnixTimestamp64Micro(start_time) - 1, {bucketUs: Int64}), {stretches: Int32})) AS back,
        toUnixTimestamp64Micro(start_time) >= {windowFromUs: Int64} AS in_window,
        toString(bitXor(cityHash64(provider), 3 * cityHash64(model)) AS priced) AS priced_as,
        verdict, misattributed, row_level, failed_bits,
        count() AS calls,
        countIf(cost_usd IS NULL) AS unknown,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS pico,
        sum(toFloat64(ifNull(cost_usd, 0)) * toFloat64(ifNull(cost_usd, 0))) AS squares
    FROM calls FINAL
    WHERE ${where}
    GROUP BY filed, back, in_window, priced, verdict, misattributed, row_level, failed_bits
    ${DAY_BY_DAY}`,
  params: { stretches: 0, bucketUs: DAY_US, anchorUs: 0, windowFromUs: 0 },
  row: rowSchema,
};

/**
 * What a window and stretches of time, which may begin before it, are tallied from.
 *
 * The mean cost of a model, which stands in for an unknown cost, is taken over the scope and the whole window; for
 * stretches, over all of them.
 */
async function alikeCalls(
  store: Store,
  scope: Scope,
  window: Window,
  { fromUs, anchorUs, bucketUs }: Stretches,
): Promise<PlacedCalls[]> {
  const stretches = Math.ceil((anchorUs - fromUs) / bucketUs);
  const backOf = (us: number): number => Math.min(Math.floor((anchorUs - us - 1) / bucketUs), stretches);
  const isInWindow = (us: number): boolean => us >= window.fromUs;
  const isCut = (day: number): boolean => {
    const [firstUs, lastUs] = [day * DAY_US, (day + 1) * DAY_US - 1];
    return backOf(firstUs) !== backOf(lastUs) || isInWindow(firstUs) !== isInWindow(lastUs);
  };
  const params = { stretches, bucketUs, anchorUs, windowFromUs: window.fromUs };
  const all = { fromUs: Math.min(window.fromUs, fromUs), toUs: window.toUs };
  const found = await askByDay(store, { ...alikeOfDay, params }, scope, all, isCut);
  return found.map(({ day, isWhole, row }) => ({
    back: isWhole ? backOf(day * DAY_US) : row.back,
    isInWindow: isWhole ? isInWindow(day * DAY_US) : row.in_window,
    model: row.priced_as,
    verdict: row.verdict,
    isMisattributed: row.misattributed,
    isRowLevel: row.row_level,
    failed: questionSchema.options.filter((_, bit) => (row.failed_bits & (1 << bit)) !== 0),
    calls: row.calls,
    unknown: row.unknown,
    pico: row.pico,
    squares: row.squares,
  }));
}
