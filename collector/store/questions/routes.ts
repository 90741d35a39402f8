import * as z from 'zod';
import { formatUsd } from '../../../auditor/cost/usd.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay, FILED } from './by-day.js';
import { descending, inOrder } from './order.js';
import { DAY_BY_DAY } from './scope.js';
import { newestInWaySql, newestOfSql, ofWay } from './ways.js';
import { picoSchema } from './pico.js';

export const routeRowSchema = z.object({
  route: z.array(z.string()).describe('Services of the stations, origin first'),
  calls: z.coerce.number(),
  costUsd: usdSchema,
  enforceable: z.coerce.number().describe('Calls whose attribution may be blocked on'),
  sampleTraceId: z.string(),
});
export type RouteRow = z.infer<typeof routeRowSchema>;

const rowSchema = z.object({
  route: z.array(z.string()),
  calls: z.coerce.number(),
  pico: picoSchema,
  enforceable: z.coerce.number(),
  newestAtUs: z.coerce.number(),
  newestTraceId: z.string(),
});
type DayOfRoute = z.infer<typeof rowSchema>;

export const routesOfDay: DailyQuestion<DayOfRoute> = {
  name: 'routes',
  sql: (where) => `
    SELECT
        filed,
        ${ofWay.route} AS route,
        sum(n) AS calls,
        toDecimalString(sum(known), 12) AS pico,
        sumIf(n, ${ofWay.verdict} = 'enforceable') AS enforceable,
        ${newestOfSql}
    FROM
    (
        SELECT ${FILED} AS filed, any(calls.way) AS way, count() AS n, sum(ifNull(cost_usd, 0)) AS known, ${newestInWaySql}
        FROM calls FINAL
        WHERE ${where}
        GROUP BY filed, sipHash64(calls.way)
    )
    GROUP BY filed, route
    ${DAY_BY_DAY}`,
  row: rowSchema,
};

/** The different routes that calls took, most spend first. */
export async function listRoutes(store: Store, scope: Scope, window: Window, limit = 200): Promise<RouteRow[]> {
  const all = new Map<string, DayOfRoute>();
  for (const { row } of await askByDay(store, routesOfDay, scope, window)) {
    const key = JSON.stringify(row.route);
    const before = all.get(key);
    all.set(key, before === undefined ? row : together(before, row));
  }
  return [...all]
    .toSorted(([keyA, a], [keyB, b]) => descending(a.pico, b.pico) || b.calls - a.calls || inOrder(keyA, keyB))
    .slice(0, limit)
    .map(([, { route, calls, pico, enforceable, newestTraceId }]) => {
      return { route, calls, costUsd: formatUsd(pico), enforceable, sampleTraceId: newestTraceId };
    });
}

function together(one: DayOfRoute, other: DayOfRoute): DayOfRoute {
  return {
    ...(one.newestAtUs > other.newestAtUs ? one : other),
    calls: one.calls + other.calls,
    pico: one.pico + other.pico,
    enforceable: one.enforceable + other.enforceable,
  };
}
