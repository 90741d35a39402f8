import { providerName } from '../dialects/provider.js';
import { adapter } from './adapter.js';
import {
  countAt,
  durationAt,
  entriesAt,
  isObject,
  spanIdAt,
  textAt,
  timeAt,
  traceIdAt,
  usageOf,
  valueAt,
} from './fields.js';
import { makeRecord } from './make-record.js';

const METADATA = 'io.envoy.ai_gateway';
const COUNTS = { input: 'llm_input_token', output: 'llm_output_token', cached: 'llm_cached_input_token' };

/**
 * Envoy AI Gateway's access log as JSON. Its fields are named in the configuration: token counts are found under the
 * names of the dynamic metadata, bare or below `io.envoy.ai_gateway`. Headers are the caller's word.
 */
export const envoy = adapter({
  gateway: 'envoy',
  recognises: (record) => tokens(record, COUNTS.input) !== null || tokens(record, COUNTS.output) !== null,
  read: (record) => {
    const status = countAt(record, ['response_code'], ['status']);
    return makeRecord({
      gateway: 'envoy',
      recordId: textAt(record, ['request_id'], ['x-request-id']),
      traceId: traceIdAt(record, ['trace_id']) ?? traceparent(record, 1, 32),
      spanId: spanIdAt(record, ['span_id']) ?? traceparent(record, 2, 16),
      requestIds: [textAt(record, ['request_id'], ['x-request-id'])],
      startUs: timeAt(record, [['start_time'], ['timestamp']], 'ms'),
      durationUs: durationAt(record, [['duration']], 'ms'),
      failed: status !== null && status >= 400,
      call: {
        provider: providerName(textAt(record, [METADATA, 'provider'], ['provider'], ['backend_provider'])),
        requestModel: textAt(record, ['request_model'], ['model'], ['x-ai-eg-model']),
        responseModel: textAt(record, ['response_model']),
        usage: usageOf({
          inputTokens: tokens(record, COUNTS.input),
          outputTokens: tokens(record, COUNTS.output),
          cacheReadTokens: tokens(record, COUNTS.cached),
        }),
        conversationId: textAt(record, ['session.id'], ['agent-session-id']),
      },
      claimed: entriesAt({ headers: isObject(record) ? record : {} }, ['headers'], isClaim).filter((_, i) => i % 4 > 1),
    });
  },
});

function tokens(record: unknown, name: string): number | null {
  return countAt(record, [METADATA, name], [`${METADATA}:${name}`], [name], ['dynamic_metadata', METADATA, name]);
}

/** Version, trace id, parent id, flags. https://www.w3.org/TR/trace-context/#traceparent-header */
function traceparent(record: unknown, part: number, digits: number): string | null {
  const id = textAt(record, ['traceparent']).split('-')[part] ?? '';
  return id.length === digits && valueAt({ id }, ['id']) !== '0'.repeat(digits) ? id : null;
}

const OWN_FIELDS =
  /^(?:request_id|x-request-id|trace_id|span_id|traceparent|start_time|timestamp|duration|response_.*|status|provider|backend_.*|.*model|llm_.*|io\.envoy\..*|method|path|protocol|bytes_.*|upstream_.*|downstream_.*|user_agent|authority|route_name|connection_.*)$/;

function isClaim(key: string): boolean {
  return !OWN_FIELDS.test(key);
}
