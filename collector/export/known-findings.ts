import * as z from 'zod';
import type { Finding } from '../../schemas/audit.js';
import type { AuditToWrite } from '../store/audit-rows.js';
import type { Store } from '../store/client.js';
import { daysSpanned } from '../store/read-traces.js';

const strings = z.array(z.string());
const rowSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  rules: strings,
  severities: strings,
  attributes: strings,
  hopsFrom: strings,
  hopsTo: strings,
  spanIds: strings,
  messages: strings,
});

const FINDINGS = `
        finding_rules AS rules,
        finding_severities AS severities,
        finding_hop_from AS hopsFrom,
        finding_hop_to AS hopsTo,
        finding_span_ids AS spanIds,
        finding_messages AS messages`;

/** What tells a finding from every other: where all of it is as before, it is no news. */
export function findingKey(traceId: string, callSpanId: string, finding: Finding): string {
  const { rule, severity, attribute, hop, spanId, message } = finding;
  return [traceId, callSpanId, rule, severity, attribute ?? '', hop?.from ?? '', hop?.to ?? '', spanId, message].join(
    '\0',
  );
}

/**
 * The findings that the store has of traces that are about to be audited again. It is asked, and no memory of this
 * process: so a trace says nothing twice though Waybill was restarted, or another one audited it before.
 */
export async function knownFindings(store: Store, audits: readonly AuditToWrite[]): Promise<ReadonlySet<string>> {
  const earlier = audits.flatMap((one) => (one.earlier === null ? [] : [one.earlier]));
  if (earlier.length === 0) return new Set();
  const params = {
    traceIds: audits.map(({ audit }) => audit.traceId),
    ...daysSpanned(earlier),
  };
  const [calls, traces] = await Promise.all([
    store.rows(
      `
    SELECT trace_id AS traceId, span_id AS spanId, finding_attributes AS attributes,${FINDINGS}
    FROM calls FINAL
    PREWHERE trace_id IN {traceIds: Array(String)}
    WHERE calls.day BETWEEN toDate({first: UInt16}) AND toDate({last: UInt16})
      AND notEmpty(finding_rules)`,
      params,
    ),
    store.rows(
      `
    SELECT trace_id AS traceId, '' AS spanId, emptyArrayString() AS attributes,${FINDINGS}
    FROM audits FINAL
    PREWHERE trace_id IN {traceIds: Array(String)}
    WHERE audits.day BETWEEN toDate({first: UInt16}) AND toDate({last: UInt16})
      AND notEmpty(finding_rules)`,
      params,
    ),
  ]);
  return new Set(
    z
      .array(rowSchema)
      .parse([...calls, ...traces])
      .flatMap(keysOf),
  );
}

function keysOf(row: z.infer<typeof rowSchema>): string[] {
  const { traceId, spanId, rules, severities, attributes, hopsFrom, hopsTo, spanIds, messages } = row;
  return rules.map((rule, i) =>
    [traceId, spanId, rule, severities[i], attributes[i] ?? '', hopsFrom[i], hopsTo[i], spanIds[i], messages[i]].join(
      '\0',
    ),
  );
}
