import * as z from 'zod';
import {
  hopSchema,
  outcomeSchema,
  questionSchema,
  severitySchema,
  usdSchema,
  verdictSchema,
} from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';

const tokens = z.coerce.number().nullable();

const attributeSchema = z.object({
  value: z.string().nullable(),
  outcome: outcomeSchema,
  hop: hopSchema.nullable(),
});

/** One stored call, as lists show it; stations are on the trace. */
export const listedCallSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  startTime: z.string(),
  service: z.string(),
  provider: z.string(),
  model: z.string(),
  user: z.string().nullable(),
  inputTokens: tokens,
  outputTokens: tokens,
  costUsd: usdSchema.nullable(),
  priceSource: z.string().nullable(),
  verdict: verdictSchema,
  misattributed: z.boolean(),
  rowLevel: z.boolean(),
  policy: z.string().nullable(),
  route: z.array(z.string()),
  attributes: z.record(z.string(), attributeSchema),
  findings: z.array(
    z.object({
      rule: z.string(),
      severity: severitySchema,
      question: questionSchema,
      attribute: z.string().nullable(),
      hop: hopSchema.nullable(),
      spanId: z.string(),
      message: z.string(),
      fix: z.string(),
    }),
  ),
});
export type ListedCall = z.infer<typeof listedCallSchema>;

const attribute = (name: string): string => `
            '${name}', (nullIf(toString(${name}), ''), toString(${name}_outcome), toString(${name}_hop_from), toString(${name}_hop_to))`;

const rowSchema = z.object({
  at: z.coerce.number(),
  call: listedCallSchema.omit({ attributes: true, findings: true, route: true }),
  route: z.array(z.string()),
  attributes: z.record(z.string(), z.tuple([z.string().nullable(), outcomeSchema, z.string(), z.string()])),
  findings: z.array(
    z.tuple([
      z.string(),
      severitySchema,
      questionSchema,
      z.string(),
      z.string(),
      z.string(),
      z.string(),
      z.string(),
      z.string(),
    ]),
  ),
});

/** A place in the list of calls; opaque to callers. */
interface Cursor {
  readonly atUs: number;
  readonly traceId: string;
  readonly spanId: string;
}

/**
 * Lists calls, newest first.
 *
 * @param cursor where the page before ended, as this function returned it
 */
export async function listCalls(
  store: Store,
  scope: Scope,
  window: Window,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ calls: ListedCall[]; next: string | null }> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const { sql, params } = callsIn(scope, await stretchOf(store, scope, window, limit, after));
  const rows = z.array(rowSchema).parse(
    await store.rows(
      `
    SELECT
        toUnixTimestamp64Micro(start_time) AS at,
        CAST((
            trace_id, span_id, formatDateTime(start_time, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC'), service, provider, model,
            nullIf(user, ''), input_tokens, output_tokens, toDecimalString(cost_usd, 12), nullIf(price_source, ''),
            toString(verdict), misattributed, row_level, nullIf(resolved_policy, '')
        ), 'Tuple(traceId String, spanId String, startTime String, service String, provider String, model String,
            user Nullable(String), inputTokens Nullable(UInt64), outputTokens Nullable(UInt64),
            costUsd Nullable(String), priceSource Nullable(String), verdict String, misattributed Bool,
            rowLevel Bool, policy Nullable(String))') AS call,
        route,
        map(${['tenant', 'feature', 'policy'].map(attribute).join(',')}) AS attributes,
        arrayZip(finding_rules, finding_severities, finding_questions, finding_attributes, finding_hop_from,
            finding_hop_to, finding_span_ids, finding_messages, finding_fixes) AS findings
    FROM calls FINAL
    WHERE ${sql}
      ${after === undefined ? '' : 'AND (toUnixTimestamp64Micro(start_time), trace_id, span_id) < ({atUs: Int64}, {traceId: String}, {spanId: String})'}
    ORDER BY start_time DESC, trace_id DESC, span_id DESC
    LIMIT {limit: UInt32}
    ${DAY_BY_DAY}`,
      { ...params, ...after, limit },
    ),
  );
  const last = rows.at(-1);
  return {
    calls: rows.map(toListed),
    next:
      last === undefined || rows.length < limit
        ? null
        : writeCursor({ atUs: last.at, traceId: last.call.traceId, spanId: last.call.spanId }),
  };
}

/**
 * The part of a window that holds the next page: a list looks at every column, so it is asked of few days only.
 *
 * Calls that begin when the last of the page before did are not counted: the part may hold more, and never fewer.
 */
async function stretchOf(
  store: Store,
  scope: Scope,
  window: Window,
  limit: number,
  after: Cursor | undefined,
): Promise<Window> {
  const rest = after === undefined ? window : { fromUs: window.fromUs, toUs: Math.min(window.toUs, after.atUs) };
  if (rest.toUs <= rest.fromUs) return window;
  const { sql, params } = callsIn(scope, rest);
  const rows = await store.rows(
    `
    SELECT toUnixTimestamp64Micro(start_time) AS at
    FROM calls FINAL
    WHERE ${sql}
    ORDER BY start_time DESC
    LIMIT 1 OFFSET {others: UInt32}
    ${DAY_BY_DAY}`,
    { ...params, others: limit - 1 },
  );
  const fromUs = z.array(z.object({ at: z.coerce.number() })).parse(rows)[0]?.at ?? window.fromUs;
  return { fromUs, toUs: after === undefined ? window.toUs : Math.min(window.toUs, after.atUs + 1) };
}

function toListed({ call, route, attributes, findings }: z.infer<typeof rowSchema>): ListedCall {
  return {
    ...call,
    route,
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, [value, outcome, from, to]]) => [
        name,
        { value, outcome, hop: to === '' ? null : { from, to } },
      ]),
    ),
    findings: findings.map(([rule, severity, question, name, from, to, spanId, message, fix]) => ({
      rule,
      severity,
      question,
      attribute: name === '' ? null : name,
      hop: to === '' ? null : { from, to },
      spanId,
      message,
      fix,
    })),
  };
}

function writeCursor({ atUs, traceId, spanId }: Cursor): string {
  return `${atUs}-${traceId}-${spanId}`;
}

/** @throws RangeError where the cursor is none of ours */
function readCursor(text: string): Cursor {
  const match = /^(\d{1,16})-([0-9a-f]{32})-([0-9a-f]{16})$/.exec(text);
  if (match === null) throw new RangeError('The cursor is not one that a page of calls has returned.');
  return { atUs: Number(match[1]), traceId: match[2] ?? '', spanId: match[3] ?? '' };
}
