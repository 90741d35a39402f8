import * as z from 'zod';
import { allRules } from '../../../auditor/rules/all.js';
import { questionSchema, severitySchema, usdSchema } from '../../../schemas/audit.js';
import type { Severity } from '../../../schemas/audit.js';
import type { Gap, Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { boundsOf, callsIn } from './scope.js';

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
        WHERE audited_at >= fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
          AND audited_at < fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')
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
  const rows = await store.rows(
    `
    WITH found AS
    (
        SELECT
            trace_id, span_id, start_time, cost_usd,
            finding_rules AS rule, finding_severities AS severity, finding_questions AS question,
            finding_attributes AS attribute, finding_hop_from AS hop_from, finding_hop_to AS hop_to,
            finding_messages AS message, finding_fixes AS fix
        FROM calls FINAL
        WHERE ${sql}
    )
    SELECT
        rule, severity, question, attribute, hop_from, hop_to,
        count() AS calls,
        uniqExact(trace) AS traces,
        toDecimalString(sum(cost), 12) AS spend,
        formatDateTime(min(first_seen), '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS since,
        argMax(trace, first_seen) AS sample,
        argMax(text, first_seen) AS message,
        any(cure) AS fix
    FROM
    (
        -- A call may break one rule in several ways; it and its cost still count once.
        SELECT
            rule, severity, question, attribute, hop_from, hop_to,
            any(trace_id) AS trace, any(start_time) AS first_seen, any(ifNull(cost_usd, 0)) AS cost,
            any(message) AS text, any(fix) AS cure
        FROM found
        ARRAY JOIN rule, severity, question, attribute, hop_from, hop_to, message, fix
        WHERE has({severities: Array(String)}, severity)
        GROUP BY trace_id, span_id, rule, severity, question, attribute, hop_from, hop_to
    )
    GROUP BY rule, severity, question, attribute, hop_from, hop_to
    ORDER BY sum(cost) DESC, calls DESC, rule, attribute, hop_from, hop_to
    LIMIT {limit: UInt32}`,
    { ...params, limit, severities },
  );
  return z.array(rowSchema).parse(rows).map(toGap);
}

function toGap({ hop_from, hop_to, attribute, spend, sample, ...row }: z.infer<typeof rowSchema>): Gap {
  return {
    ...row,
    attribute: attribute === '' ? null : attribute,
    hop: hop_to === '' ? null : { from: hop_from, to: hop_to },
    spendUsd: spend,
    sampleTraceId: sample,
  };
}
