import * as z from 'zod';
import { formatUsd } from '../../../auditor/cost/usd.js';
import { allRules } from '../../../auditor/rules/all.js';
import { severitySchema, usdSchema } from '../../../schemas/audit.js';
import type { Severity } from '../../../schemas/audit.js';
import type { Gap, Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import type { CallGap } from './call-gaps.js';
import { callGaps, foundSchema } from './call-gaps.js';
import { withBeginnings } from './gap-beginnings.js';
import { boundsOf, isoMicros } from './scope.js';
import { newestOfWays } from './ways.js';

const rowSchema = foundSchema.extend({
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
): Promise<readonly Gap[]> {
  const filter = { severities, limit };
  const [ofTraces, ofCalls] = await Promise.all([
    gapsOfTraces(store, scope, window, filter),
    gapsOfCalls(store, scope, window, filter),
  ]);
  const gaps = [...ofTraces, ...ofCalls].slice(0, limit);
  return withBeginnings(store, scope, window, gaps);
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
  const found = await callGaps(store, scope, window);
  const shown = found.filter(({ severity }) => severities.includes(severity)).slice(0, limit);
  return withSamples(store, scope, shown);
}

/** Gaps as people are told of them: with the newest call that shows each, and its words. */
export async function withSamples(store: Store, scope: Scope, gaps: readonly CallGap[]): Promise<Gap[]> {
  const newest = await newestOfWays(store, scope, gaps);
  return gaps.map((gap) => {
    const call = newest(gap);
    const finding = call?.findings.find(
      (one) =>
        one.rule === gap.rule &&
        one.severity === gap.severity &&
        one.attribute === gap.attribute &&
        one.hopFrom === gap.hop_from &&
        one.hopTo === gap.hop_to,
    );
    return {
      ...withoutSample(gap),
      sampleTraceId: call?.traceId ?? '',
      message: finding?.message ?? '',
      fix: finding?.fix ?? '',
    };
  });
}

/** A gap on calls, without words of its own. */
export function withoutSample(gap: CallGap): Gap {
  return toGap({
    ...gap,
    spend: formatUsd(gap.pico),
    since: isoMicros(gap.sinceUs),
    sample: '',
    message: '',
    fix: '',
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
    isOlder: false,
    sampleTraceId: row.sample,
    message: row.message,
    fix: row.fix,
  };
}
