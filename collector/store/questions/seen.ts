import * as z from 'zod';
import type { Seen } from '../../../auditor/propose-contract.js';
import { MOST_VALUES, VALUE_PATTERNS } from '../../../auditor/propose-contract.js';
import type { Store } from '../client.js';
import { listRoutes } from './routes.js';
import type { Window } from './scope.js';
import { boundsOf, DAY_US } from './scope.js';

const MOST_KEYS = 1_000;

const keySchema = z.object({
  key: z.string(),
  traces: z.coerce.number(),
  values: z.array(z.string()),
  distinct: z.coerce.number(),
  fits: z.array(z.coerce.boolean()),
});

/** The attribute keys and routes of a window, most frequent first. Looks through all of its spans. */
export async function seenIn(store: Store, window: Window): Promise<Seen> {
  const bounds = boundsOf(window);
  const params = { ...bounds, fromDay: Math.floor(bounds.fromUs / DAY_US), toDay: Math.floor(bounds.toUs / DAY_US) };
  const inWindow = `
      day BETWEEN toDate({fromDay: UInt16}) AND toDate({toDay: UInt16})
      AND start_time >= fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
      AND start_time < fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')`;
  const [keys, traces, routes] = await Promise.all([
    store.rows(
      `
    SELECT
        key,
        uniq(trace_id) AS traces,
        groupUniqArray({mostValues: UInt32})(value) AS values,
        uniq(value) AS distinct,
        [${VALUE_PATTERNS.map((_, i) => `min(match(value, {pattern${i}: String}))`).join(', ')}] AS fits
    FROM spans
    ARRAY JOIN mapKeys(attributes) AS key, mapValues(attributes) AS value
    WHERE ${inWindow}
      AND NOT startsWith(key, 'waybill.')
    GROUP BY key
    ORDER BY traces DESC, key
    LIMIT {mostKeys: UInt32}`,
      {
        ...params,
        mostKeys: MOST_KEYS,
        mostValues: MOST_VALUES + 1,
        ...Object.fromEntries(VALUE_PATTERNS.map((pattern, i) => [`pattern${i}`, pattern])),
      },
    ),
    store.rows(`SELECT uniq(trace_id) AS traces FROM spans WHERE ${inWindow}`, params),
    listRoutes(store, {}, window, 1_000),
  ]);
  return {
    traces: z.array(z.object({ traces: z.coerce.number() })).parse(traces)[0]?.traces ?? 0,
    keys: z
      .array(keySchema)
      .parse(keys)
      .map(({ fits, ...key }) => ({ ...key, patterns: VALUE_PATTERNS.filter((_, i) => fits[i] === true) })),
    routes,
  };
}
