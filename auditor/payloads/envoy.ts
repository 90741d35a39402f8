import { adapter, usageOf } from './adapter.js';
import { lookAlikes } from './entries.js';
import { at, endAfter, firstCount, firstText, has, textOf, timeOf } from './fields.js';

const METADATA = 'io.envoy.ai_gateway';
const TOKENS = ['llm_input_token', 'llm_output_token', 'llm_total_token'] as const;

/**
 * A line of Envoy's access log as JSON, with the AI gateway's dynamic metadata. Whoever runs it chooses the keys: read
 * are the metadata's own names (nested, flat, or behind `io.envoy.ai_gateway:`) and OpenTelemetry's. Headers that were
 * mapped to keys are the caller's word. A `-` is how Envoy writes that there is nothing.
 */
export const envoy = adapter(
  'envoy',
  (record) =>
    has(record, METADATA) ||
    TOKENS.some((key) => has(record, key) || has(record, `${METADATA}:${key}`)) ||
    (has(record, 'start_time') && (has(record, 'gen_ai.usage.input_tokens') || has(record, 'gen_ai.request.model'))),
  (record) => {
    const startUs = timeOf(at(record, 'start_time') ?? at(record, 'timestamp'));
    const requestId = said(record, 'x-request-id', 'request_id', 'request.id', 'x_request_id');
    const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(said(record, 'traceparent'));
    const model = said(record, 'gen_ai.response.model', 'response_model');
    return {
      recordId: requestId,
      traceId: firstText(said(record, 'trace_id', 'traceId'), parent?.[1]),
      requestIds: [requestId],
      startUs,
      endUs: endAfter(startUs, at(record, 'duration')),
      failed: Number(said(record, 'response_code') || '200') >= 400 || said(record, 'response_code') === '0',
      operation: said(record, 'gen_ai.operation.name') || 'chat',
      provider: said(record, 'gen_ai.provider.name', 'gen_ai.system'),
      requestModel: said(record, 'gen_ai.request.model', 'request_model', 'x-ai-eg-model', 'ai_model') || model,
      responseModel: model,
      responseId: said(record, 'gen_ai.response.id'),
      conversationId: said(record, 'session.id', 'session_id'),
      usage: usageOf({
        input: tokens(record, 'llm_input_token', 'gen_ai.usage.input_tokens'),
        output: tokens(record, 'llm_output_token', 'gen_ai.usage.output_tokens'),
        cacheRead: tokens(record, 'llm_cached_input_token', 'gen_ai.usage.cache_read.input_tokens'),
      }),
      costUsd: null,
      vouched: [],
      claimed: [...sessionOf(record), ...lookAlikes('', record)].flatMap(([key, value]) =>
        value === '-' ? [] : [[key.replace(/^\./, ''), value] as const],
      ),
    };
  },
);

function sessionOf(record: unknown) {
  return [['session.id', at(record, 'session.id')] as const];
}

function said(record: unknown, ...keys: readonly string[]): string {
  return keys.map((key) => textOf(at(record, key))).find((text) => text !== '' && text !== '-') ?? '';
}

function tokens(record: unknown, own: string, standard: string): number | null {
  return firstCount(at(record, METADATA, own), at(record, `${METADATA}:${own}`), at(record, own), at(record, standard));
}
