import * as z from 'zod';
import { hopSchema, usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';
import { ofWay } from './ways.js';

const ATTRIBUTES = ['tenant', 'feature', 'policy'] as const;

const fateSchema = z.object({
  carriedCalls: z.number().int().describe('Calls that show it right behind the hop'),
  carriedUsd: usdSchema,
  lostCalls: z.number().int().describe('Calls that lost or changed it at this very hop'),
  lostUsd: usdSchema,
});

export const hopRowSchema = z.object({
  hop: hopSchema,
  calls: z.number().int(),
  spendUsd: usdSchema.describe('Sum of the known costs of the calls that cross the hop'),
  unknownCost: z.number().int().describe('Calls whose cost is not in the sum'),
  fates: z.record(z.enum([...ATTRIBUTES, 'all']), fateSchema).describe('`all`: the three together'),
});
export type HopRow = z.infer<typeof hopRowSchema>;

const rowSchema = z.object({
  hop_from: z.string(),
  hop_to: z.string(),
  calls: z.coerce.number(),
  spend: usdSchema,
  unknown_cost: z.coerce.number(),
  fates: z.array(z.tuple([z.coerce.number(), usdSchema, z.coerce.number(), usdSchema])).length(4),
});

/**
 * The hops that calls crossed, most spend first, and what became of attribution at each.
 *
 * What was lost at a hop is not carried over any later one, so that on a map a loss is seen all the way down. A value
 * first seen late is carried from there on; where two stations disagree, the origin is believed.
 */
export async function listHops(store: Store, scope: Scope, window: Window, limit: number): Promise<HopRow[]> {
  const { sql, params } = callsIn(scope, window);
  const rows = await store.rows(
    `
    WITH crossed AS
    (
        SELECT
            way,
            ${ofWay.route} AS route,
            ${ATTRIBUTES.map((name, i) => `${ofWay.outcome(i + 1)} AS ${name}_outcome, ${brokeAt(i + 1)} AS ${name}_at`).join(',\n            ')},
            n, known, unknown
        FROM
        (
            SELECT way, count() AS n, sum(ifNull(cost_usd, 0)) AS known, countIf(cost_usd IS NULL) AS unknown
            FROM calls FINAL
            WHERE ${sql}
            GROUP BY way
        )
    )
    SELECT
        hop_from, hop_to,
        sum(crossings) AS calls,
        toDecimalString(sum(cost), 12) AS spend,
        sum(unknown_here) AS unknown_cost,
        [${[...ATTRIBUTES, 'all'].map(fateOf).join(', ')}] AS fates
    FROM
    (
        -- A route that goes back and forth crosses a hop twice; the call and its cost still count once, at the worst.
        SELECT
            route[i] AS hop_from, route[i + 1] AS hop_to,
            any(n) AS crossings,
            any(known) AS cost,
            any(unknown) AS unknown_here,
            ${ATTRIBUTES.map((name) => `min(${isCarried(name)}) AS ${name}_carried, max(${isLost(name)}) AS ${name}_lost`).join(',\n            ')},
            ${ATTRIBUTES.map((name) => `${name}_carried`).join(' AND ')} AS all_carried,
            ${ATTRIBUTES.map((name) => `${name}_lost`).join(' OR ')} AS all_lost
        FROM crossed
        ARRAY JOIN range(1, length(route)) AS i
        GROUP BY way, hop_from, hop_to
    )
    GROUP BY hop_from, hop_to
    ORDER BY sum(cost) DESC, calls DESC, hop_from, hop_to
    LIMIT {limit: UInt32}
    ${DAY_BY_DAY}`,
    { ...params, limit },
  );
  return z.array(rowSchema).parse(rows).map(toHopRow);
}

/** SQL for the number of the hop, from 1, at which an attribute was lost, changed or first seen; 0: at none. */
function brokeAt(attribute: number): string {
  return `arrayFirstIndex((a, b) -> a = ${ofWay.hopFrom(attribute)} AND b = ${ofWay.hopTo(attribute)}, arrayPopBack(route), arrayPopFront(route))`;
}

function isCarried(name: string): string {
  return `multiIf(
                ${name}_outcome IN ('intact', 'unreported'), 1,
                ${name}_outcome IN ('dropped', 'rewritten'), i < ${name}_at,
                ${name}_outcome = 'late', ${name}_at > 0 AND i >= ${name}_at,
                0)`;
}

function isLost(name: string): string {
  return `${name}_outcome IN ('dropped', 'rewritten') AND i = ${name}_at`;
}

function fateOf(name: string): string {
  const counted = (fate: string) =>
    `sumIf(crossings, ${name}_${fate}), toDecimalString(sumIf(cost, ${name}_${fate}), 12)`;
  return `(${counted('carried')}, ${counted('lost')})`;
}

function toHopRow({ hop_from, hop_to, calls, spend, unknown_cost, fates }: z.infer<typeof rowSchema>): HopRow {
  const fate = (i: number) => {
    const [carriedCalls, carriedUsd, lostCalls, lostUsd] = fates[i] ?? [0, '0.000000000000', 0, '0.000000000000'];
    return { carriedCalls, carriedUsd, lostCalls, lostUsd };
  };
  return {
    hop: { from: hop_from, to: hop_to },
    calls,
    spendUsd: spend,
    unknownCost: unknown_cost,
    fates: { tenant: fate(0), feature: fate(1), policy: fate(2), all: fate(3) },
  };
}
