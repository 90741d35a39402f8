import * as z from 'zod';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn } from './scope.js';

export const routeRowSchema = z.object({
  route: z.array(z.string()).describe('Services of the stations, origin first'),
  calls: z.coerce.number(),
  costUsd: usdSchema,
  enforceable: z.coerce.number().describe('Calls whose attribution may be blocked on'),
  sampleTraceId: z.string(),
});
export type RouteRow = z.infer<typeof routeRowSchema>;

/** The different routes that calls took, most spend first. */
export async function listRoutes(store: Store, scope: Scope, window: Window, limit = 200): Promise<RouteRow[]> {
  const { sql, params } = callsIn(scope, window);
  return z.array(routeRowSchema).parse(
    await store.rows(
      `
    SELECT
        route,
        count() AS calls,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS costUsd,
        countIf(verdict = 'enforceable') AS enforceable,
        any(trace_id) AS sampleTraceId
    FROM calls FINAL
    WHERE ${sql}
    GROUP BY route
    ORDER BY sum(ifNull(cost_usd, 0)) DESC, calls DESC, route
    LIMIT {limit: UInt32}`,
      { ...params, limit },
    ),
  );
}
