import * as z from 'zod';
import { questionSchema, severitySchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay, FILED } from './by-day.js';
import type { Window } from './scope.js';
import { descending, inOrder } from './order.js';
import { DAY_BY_DAY } from './scope.js';
import { newestInWaySql, newestOfSchema, newestOfSql, ofWay } from './ways.js';
import { picoSchema } from './pico.js';

/** What tells one gap from another, and how much there is of it. */
export const foundSchema = z.object({
  rule: z.string(),
  severity: severitySchema,
  question: questionSchema,
  attribute: z.string(),
  hop_from: z.string(),
  hop_to: z.string(),
  calls: z.coerce.number(),
  traces: z.coerce.number(),
});

const rowSchema = foundSchema.extend(newestOfSchema.shape).extend({
  pico: picoSchema,
  sinceUs: z.coerce.number(),
});

/** Calls with the same finding, and the newest of them. Costs are units of 1e-12 dollars. */
export type CallGap = z.infer<typeof rowSchema>;

export const gapsOfDay: DailyQuestion<CallGap> = {
  name: 'gaps',
  sql: (where) => `
    SELECT
        filed,
        finding.1 AS rule, finding.2 AS severity, finding.3 AS question, finding.4 AS attribute,
        finding.5 AS hop_from, finding.6 AS hop_to,
        sum(n) AS calls,
        uniqExactMerge(of_traces) AS traces,
        toDecimalString(sum(known), 12) AS pico,
        toUnixTimestamp64Micro(min(oldest)) AS sinceUs,
        ${newestOfSql}
    FROM
    (
        SELECT
            ${FILED} AS filed,
            any(calls.way) AS way,
            count() AS n,
            sum(ifNull(cost_usd, 0)) AS known,
            uniqExactState(cityHash64(trace_id)) AS of_traces,
            min(start_time) AS oldest,
            ${newestInWaySql}
        FROM calls FINAL
        WHERE ${where}
          -- Looked for in each different way once; read with care from the groups, since more may look alike.
          AND multiSearchAny(calls.way, [${severitySchema.options.map((one) => `'"${one}"'`).join(', ')}])
        GROUP BY filed, sipHash64(calls.way)
    )
    -- A call may break one rule in several ways; it and its cost still count once.
    ARRAY JOIN arrayDistinct(arrayZip(
        ${ofWay.findingRules}, ${ofWay.findingSeverities}, ${ofWay.findingQuestions}, ${ofWay.findingAttributes},
        ${ofWay.findingHopFrom}, ${ofWay.findingHopTo}
    )) AS finding
    GROUP BY filed, finding
    ${DAY_BY_DAY}`,
  row: rowSchema,
};

/** The findings on the calls of a scope in a window, put together by rule, attribute and hop, most spend first. */
export async function callGaps(store: Store, scope: Scope, window: Window): Promise<CallGap[]> {
  const all = new Map<string, CallGap>();
  for (const { row } of await askByDay(store, gapsOfDay, scope, window)) {
    const key = JSON.stringify([row.rule, row.severity, row.question, row.attribute, row.hop_from, row.hop_to]);
    const before = all.get(key);
    all.set(key, before === undefined ? row : together(before, row));
  }
  return [...all.values()].toSorted(bySpend);
}

function together(one: CallGap, other: CallGap): CallGap {
  return {
    ...(isNewer(one, other) ? one : other),
    calls: one.calls + other.calls,
    traces: one.traces + other.traces,
    pico: one.pico + other.pico,
    sinceUs: Math.min(one.sinceUs, other.sinceUs),
  };
}

/** Of two that began at once, one is taken whatever the order. */
function isNewer(one: CallGap, other: CallGap): boolean {
  return one.newestAtUs === other.newestAtUs ? one.newestWay > other.newestWay : one.newestAtUs > other.newestAtUs;
}

function bySpend(one: CallGap, other: CallGap): number {
  return (
    descending(one.pico, other.pico) ||
    other.calls - one.calls ||
    inOrder(one.rule, other.rule) ||
    inOrder(one.attribute, other.attribute) ||
    inOrder(one.hop_from, other.hop_from) ||
    inOrder(one.hop_to, other.hop_to) ||
    inOrder(one.severity, other.severity)
  );
}
