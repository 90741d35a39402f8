import type { GatewayRecord } from '../../schemas/payload.js';
import type { CallFacts, Span } from '../../schemas/span.js';
import { modelsOf, requestIdsOf } from '../trace/join-index.js';

/** A record and a call without a common id may be one request if they ended within so long of each other. */
export const NEAR_US = 2_000_000;
const BUCKET_US = 2 * NEAR_US;

/**
 * The keys under which a record can be found from a span, and under which it finds one: of its trace, its response,
 * its request, and of model and token counts at the time of its end.
 */
export function recordKeys({ traceId, requestIds, call, endUs }: GatewayRecord): string[] {
  return [
    ...(traceId === null ? [] : [`trace ${traceId}`]),
    ...(call.responseId === '' ? [] : [`response ${call.responseId}`]),
    ...requestIds.map((id) => `request ${id}`),
    ...tokenKeys(call).map((key) => `${key} ${bucketOf(endUs)}`),
  ];
}

/** The keys under which records are to be looked for that may be about a span. */
export function spanKeys(span: Span): string[] {
  const { call, endUs } = span;
  const buckets = [...new Set([bucketOf(endUs - NEAR_US), bucketOf(endUs + NEAR_US)])];
  return [
    `trace ${span.traceId}`,
    ...idKeys(span),
    ...(call === null ? [] : tokenKeys(call).flatMap((key) => buckets.map((bucket) => `${key} ${bucket}`))),
  ];
}

/** The keys of a span by which records find it: of its request and its response. */
export function idKeys(span: Span): string[] {
  const { call } = span;
  return [
    ...requestIdsOf(span).map((id) => `request ${id}`),
    ...(call === null || call.responseId === '' ? [] : [`response ${call.responseId}`]),
  ];
}

/** Model and token counts, once a model name; nothing where they are not all known. */
export function tokenKeys(call: CallFacts): string[] {
  const { inputTokens = null, outputTokens = null } = call.usage ?? {};
  if (inputTokens === null || outputTokens === null) return [];
  return modelsOf(call).map((model) => `tokens ${model} ${inputTokens} ${outputTokens}`);
}

function bucketOf(us: number): number {
  return Math.floor(us / BUCKET_US);
}
