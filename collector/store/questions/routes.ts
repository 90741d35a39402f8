import * as z from 'zod';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';
import { newestInWaySql, newestOfSchema, newestOfSql, newestOfWays, ofWay } from './ways.js';

export const routeRowSchema = z.object({
  route: z.array(z.string()).describe('Services of the stations, origin first'),
  calls: z.coerce.number(),
  costUsd: usdSchema,
  enforceable: z.coerce.number().describe('Calls whose attribution may be blocked on'),
  sampleTraceId: z.string(),
});
export type RouteRow = z.infer<typeof routeRowSchema>;

const rowSchema = routeRowSchema.omit({ sampleTraceId: true }).extend(newestOfSchema.shape);

/** The different routes that calls took, most spend first. */
export async function listRoutes(store: Store, scope: Scope, window: Window, limit = 200): Promise<RouteRow[]> {
  const { sql, params } = callsIn(scope, window);
  const rows = z.array(rowSchema).parse(
    await store.rows(
      `
    SELECT
        ${ofWay.route} AS route,
        sum(n) AS calls,
        toDecimalString(sum(known), 12) AS costUsd,
        sumIf(n, ${ofWay.verdict} = 'enforceable') AS enforceable,
        ${newestOfSql}
    FROM
    (
        SELECT way, count() AS n, sum(ifNull(cost_usd, 0)) AS known, ${newestInWaySql}
        FROM calls FINAL
        WHERE ${sql}
        GROUP BY way
    )
    GROUP BY route
    ORDER BY sum(known) DESC, calls DESC, route
    LIMIT {limit: UInt32}
    ${DAY_BY_DAY}`,
      { ...params, limit },
    ),
  );
  const newest = await newestOfWays(store, scope, rows);
  return rows.map((row) => routeRowSchema.parse({ ...row, sampleTraceId: newest(row)?.traceId ?? '' }));
}
