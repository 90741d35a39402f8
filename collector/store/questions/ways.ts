import * as z from 'zod';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import { DAY_BY_DAY, scopedCalls } from './scope.js';

/**
 * SQL for the parts of `way`, the column of `calls` that says how a call fared. There are few ways and many calls, so
 * group by `way` first and read its parts from the groups; together with a day, by its hash: a pair with a string is
 * grouped by in five times the time. Attributes are numbered: 1 tenant, 2 feature, 3 policy.
 */
export const ofWay = {
  route: "JSONExtract(way, 1, 'Array(String)')",
  outcome: (attribute: number): string => `JSONExtractString(way, 2, ${attribute})`,
  hopFrom: (attribute: number): string => `JSONExtractString(way, 3, ${attribute})`,
  hopTo: (attribute: number): string => `JSONExtractString(way, 4, ${attribute})`,
  findingRules: "JSONExtract(way, 5, 'Array(String)')",
  findingSeverities: "JSONExtract(way, 6, 'Array(String)')",
  findingQuestions: "JSONExtract(way, 7, 'Array(String)')",
  findingAttributes: "JSONExtract(way, 8, 'Array(String)')",
  findingHopFrom: "JSONExtract(way, 9, 'Array(String)')",
  findingHopTo: "JSONExtract(way, 10, 'Array(String)')",
  operation: 'JSONExtractString(way, 11)',
  stream: 'JSONExtractUInt(way, 12) = 1',
  failed: 'JSONExtractUInt(way, 13) = 1',
  verdict: 'JSONExtractString(way, 14)',
} as const;

/** Columns to keep of each way in a query of `calls`, for `newestOfSql` above it. */
export const newestInWaySql = 'max(start_time) AS newest, argMax((calls.day, trace_id), start_time) AS newest_call';

/** Columns for the newest of the calls that several ways come to, for `newestOfWays`. */
export const newestOfSql = `
        argMax(way, newest) AS newestWay,
        toUnixTimestamp64Micro(max(newest)) AS newestAtUs,
        toUInt16(argMax(newest_call, newest).1) AS newestDay,
        argMax(newest_call, newest).2 AS newestTraceId`;

export const newestOfSchema = z.object({
  newestWay: z.string(),
  newestAtUs: z.coerce.number(),
  newestDay: z.coerce.number(),
  newestTraceId: z.string(),
});
type NewestOf = z.infer<typeof newestOfSchema>;

const sampleSchema = z.object({
  way: z.string(),
  traceId: z.string(),
  atUs: z.coerce.number(),
  findings: z.array(
    z
      .tuple([z.string(), z.string(), z.string(), z.string(), z.string(), z.string(), z.string()])
      .transform(([rule, severity, attribute, hopFrom, hopTo, message, fix]) => {
        return { rule, severity, attribute, hopFrom, hopTo, message, fix };
      }),
  ),
});
type Sample = z.infer<typeof sampleSchema>;

/**
 * Looks up calls that were found as the newest of theirs, as evidence: by day and key, so few rows are read.
 *
 * @returns finds the call; undefined where it was replaced in between
 */
export async function newestOfWays(
  store: Store,
  scope: Scope,
  newest: readonly NewestOf[],
): Promise<(one: NewestOf) => Sample | undefined> {
  if (newest.length === 0) return () => undefined;
  const { sql, params } = scopedCalls(scope);
  const rows = await store.rows(
    `
    SELECT
        way,
        trace_id AS traceId,
        toUnixTimestamp64Micro(start_time) AS atUs,
        arrayZip(finding_rules, finding_severities, finding_attributes, finding_hop_from, finding_hop_to,
            finding_messages, finding_fixes) AS findings
    FROM calls FINAL
    WHERE calls.day IN {days: Array(UInt16)}
      AND trace_id IN {traceIds: Array(String)}
      AND ${sql}
    ${DAY_BY_DAY}`,
    {
      ...params,
      days: [...new Set(newest.map(({ newestDay }) => newestDay))],
      traceIds: [...new Set(newest.map(({ newestTraceId }) => newestTraceId))],
    },
  );
  const found = new Map(
    z
      .array(sampleSchema)
      .parse(rows)
      .map((one) => [`${one.traceId} ${one.atUs} ${one.way}`, one]),
  );
  return ({ newestTraceId, newestAtUs, newestWay }) => found.get(`${newestTraceId} ${newestAtUs} ${newestWay}`);
}
