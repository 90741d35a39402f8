import * as z from 'zod';
import { scoreOf } from '../../../auditor/score/score.js';
import { usdSchema, verdictSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import { shareSchema } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { DAY_US } from './scope.js';
import { talliesWithSpend } from './tally.js';

/** More stretches than this cannot be told apart in a chart. */
const MOST_POINTS = 100;

const HOUR_US = DAY_US / 24;

export const seriesPointSchema = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  score: z.number().nullable().describe('Null without calls'),
  enforceable: shareSchema
    .nullable()
    .describe('Enforceable share of spend, of whose interval the score is the lower bound'),
  rowLevel: z.number().nullable().describe('Share of spend by rows alone, between 0 and 1; null without calls'),
  calls: z.number().int(),
  unknownCost: z.number().int().describe('Calls whose cost is in no sum'),
  spendUsd: z.record(verdictSchema, usdSchema).describe('Sum of the known costs, by verdict'),
});
export type SeriesPoint = z.infer<typeof seriesPointSchema>;

const NO_SPEND = { unattributed: '0.000000000000', attributed: '0.000000000000', enforceable: '0.000000000000' };

/**
 * Score, row-level share and spend of a scope over time, oldest first, from the first stretch with calls on.
 *
 * Stretches are whole hours, days or weeks in UTC, so that the same stretch says the same in any window that holds it.
 */
export async function seriesOf(store: Store, scope: Scope, window: Window): Promise<SeriesPoint[]> {
  const bucketUs = bucketFor(window);
  const endUs = Math.ceil(window.toUs / bucketUs) * bucketUs;
  const tallied = await talliesWithSpend(store, scope, window, bucketUs, endUs);
  const oldest = Math.max(-1, ...tallied.keys());
  return Array.from({ length: oldest + 1 }, (_, i) => {
    const bucket = oldest - i;
    const toUs = endUs - bucket * bucketUs;
    const found = tallied.get(bucket);
    const score = found === undefined ? null : scoreOf(found.tally);
    return {
      from: new Date((toUs - bucketUs) / 1000).toISOString(),
      to: new Date(toUs / 1000).toISOString(),
      score: score?.score ?? null,
      enforceable: score?.enforceable.spend ?? null,
      rowLevel: score?.rowLevel.spend.share ?? null,
      calls: score?.calls ?? 0,
      unknownCost: score?.unknownCost ?? 0,
      spendUsd: found?.spendUsd ?? NO_SPEND,
    };
  });
}

/** The shortest stretch of which the window holds few enough: an hour up to two days, then days, then weeks. */
function bucketFor({ fromUs, toUs }: Window): number {
  const lengthUs = toUs - fromUs;
  if (lengthUs <= 2 * DAY_US) return HOUR_US;
  if (lengthUs < (MOST_POINTS - 1) * DAY_US) return DAY_US;
  const weekUs = 7 * DAY_US;
  return Math.ceil(lengthUs / weekUs / (MOST_POINTS - 1)) * weekUs;
}
