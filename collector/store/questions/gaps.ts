import * as z from 'zod';
import { allRules } from '../../../auditor/rules/all.js';
import { questionSchema, severitySchema, usdSchema } from '../../../schemas/audit.js';
import type { Severity } from '../../../schemas/audit.js';
import type { Gap, Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { boundsOf, callsIn, DAY_BY_DAY } from './scope.js';
import { newestInWaySql, newestOfSchema, newestOfSql, newestOfWays, ofWay } from './ways.js';

const rowSchema = z.object({
  rule: z.string(),
  severity: severitySchema,
  question: questionSchema,
  attribute: z.string(),
  hop_from: z.string(),
  hop_to: z.string(),
  calls: z.coerce.number(),
  traces: z.coerce.number(),
  spend: usdSchema,
  since: z.string(),
  sample: z.string(),
  message: z.string(),
  fix: z.string(),
});

const callGapSchema = rowSchema.omit({ sample: true, message: true, fix: true }).extend(newestOfSchema.shape);

interface GapFilter {
  readonly severities: readonly Severity[];
  readonly limit: number;
}

/**
 * The findings of a scope in a window, put together by rule, attribute and hop: first what belongs to no call, since
 * nobody knows what was spent there; then most spend first.
 *
 * @param severities only findings of these; all where left out
 * @param limit how many gaps to return at most
 */
export async function findGaps(
  store: Store,
  scope: Scope,
  window: Window,
  { severities = severitySchema.options, limit = 100 }: Partial<GapFilter> = {},
): Promise<Gap[]> {
  const filter = { severities, limit };
  const [ofTraces, ofCalls] = await Promise.all([
    gapsOfTraces(store, scope, window, filter),
    gapsOfCalls(store, scope, window, filter),
  ]);
  return [...ofTraces, ...ofCalls].slice(0, limit);
}

/** A trace as a whole has no tenant, feature or policy: a question about one of them is not about it, nor is a reader's who is bound to some. */
async function gapsOfTraces(
  store: Store,
  scope: Scope,
  window: Window,
  { severities, limit }: GapFilter,
): Promise<Gap[]> {
  if (store.within !== undefined) return [];
  if (scope.tenant !== undefined || scope.feature !== undefined || scope.policy !== undefined) return [];
  const inWindow = `audited_at >= fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
          AND audited_at < fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')`;
  const rows = await store.rows(
    `
    SELECT
        rule, severity, 'observation' AS question, '' AS attribute, hop_from, hop_to,
        0 AS calls,
        count() AS traces,
        '0.000000000000' AS spend,
        formatDateTime(min(audited_at), '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS since,
        argMax(trace_id, audited_at) AS sample,
        message,
        any(fix) AS fix
    FROM
    (
        SELECT DISTINCT
            trace_id, audited_at, rule, severity, hop_from, hop_to, message, fix
        FROM audits FINAL
        ARRAY JOIN
            finding_rules AS rule, finding_severities AS severity, finding_hop_from AS hop_from,
            finding_hop_to AS hop_to, finding_messages AS message, finding_fixes AS fix
        WHERE ${inWindow}
          -- Few traces have any: only their rows need to be merged.
          AND trace_id IN (SELECT trace_id FROM audits WHERE ${inWindow} AND notEmpty(finding_rules))
          AND has({severities: Array(String)}, severity)
          AND ({service: String} = '' OR startsWith(message, concat({service: String}, ' ')))
    )
    GROUP BY rule, severity, hop_from, hop_to, message
    ORDER BY traces DESC, rule, message
    LIMIT {limit: UInt32}`,
    { ...boundsOf(window), severities, limit, service: scope.service ?? '' },
  );
  return z
    .array(rowSchema)
    .parse(rows)
    .map((row) => toGap({ ...row, question: questionOf(row.rule) }));
}

function questionOf(rule: string): Gap['question'] {
  return allRules.find(({ id }) => id === rule)?.question ?? 'observation';
}

/** The findings on calls, as `findGaps` has them. */
export async function gapsOfCalls(
  store: Store,
  scope: Scope,
  window: Window,
  { severities = severitySchema.options, limit = 100 }: Partial<GapFilter> = {},
): Promise<Gap[]> {
  const { sql, params } = callsIn(scope, window);
  const rows = z.array(callGapSchema).parse(
    await store.rows(
      `
    SELECT
        finding.1 AS rule, finding.2 AS severity, finding.3 AS question, finding.4 AS attribute,
        finding.5 AS hop_from, finding.6 AS hop_to,
        sum(n) AS calls,
        uniqExactMerge(of_traces) AS traces,
        toDecimalString(sum(known), 12) AS spend,
        formatDateTime(min(oldest), '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS since,
        ${newestOfSql}
    FROM
    (
        SELECT
            way,
            count() AS n,
            sum(ifNull(cost_usd, 0)) AS known,
            uniqExactState(cityHash64(trace_id)) AS of_traces,
            min(start_time) AS oldest,
            ${newestInWaySql}
        FROM calls FINAL
        WHERE ${sql}
          -- Looked for in each different way once; read with care from the groups, since more may look alike.
          AND multiSearchAny(way, {marks: Array(String)})
        GROUP BY way
    )
    -- A call may break one rule in several ways; it and its cost still count once.
    ARRAY JOIN arrayDistinct(arrayZip(
        ${ofWay.findingRules}, ${ofWay.findingSeverities}, ${ofWay.findingQuestions}, ${ofWay.findingAttributes},
        ${ofWay.findingHopFrom}, ${ofWay.findingHopTo}
    )) AS finding
    WHERE has({severities: Array(String)}, finding.2)
    GROUP BY finding
    ORDER BY sum(known) DESC, calls DESC, rule, attribute, hop_from, hop_to
    LIMIT {limit: UInt32}
    ${DAY_BY_DAY}`,
      { ...params, limit, severities, marks: severities.map((one) => `"${one}"`) },
    ),
  );
  const newest = await newestOfWays(store, scope, rows);
  return rows.map((row) => {
    const sample = newest(row);
    const finding = sample?.findings.find(
      (one) =>
        one.rule === row.rule &&
        one.severity === row.severity &&
        one.attribute === row.attribute &&
        one.hopFrom === row.hop_from &&
        one.hopTo === row.hop_to,
    );
    return toGap({ ...row, sample: sample?.traceId ?? '', message: finding?.message ?? '', fix: finding?.fix ?? '' });
  });
}

function toGap(row: z.infer<typeof rowSchema>): Gap {
  return {
    rule: row.rule,
    severity: row.severity,
    question: row.question,
    attribute: row.attribute === '' ? null : row.attribute,
    hop: row.hop_to === '' ? null : { from: row.hop_from, to: row.hop_to },
    calls: row.calls,
    traces: row.traces,
    spendUsd: row.spend,
    since: row.since,
    sampleTraceId: row.sample,
    message: row.message,
    fix: row.fix,
  };
}
