import { providerName } from '../dialects/provider.js';
import { adapter } from './adapter.js';
import {
  attributesAt,
  countAt,
  durationAt,
  entriesAt,
  hasKeys,
  spanIdAt,
  textAt,
  timeAt,
  traceIdAt,
  usageOf,
  usdAt,
} from './fields.js';
import { makeRecord } from './make-record.js';

const NANO = 1_000_000_000;

/**
 * LangWatch's spend events. While one is only `settled` its cost is not known; `completed` comes later under the same
 * id and replaces it. Its virtual key says who called; end user, labels and metadata are the caller's word.
 */
export const langWatch = adapter({
  gateway: 'langwatch',
  recognises: (record) => hasKeys(record, 'event_id', 'gateway_request_id'),
  read: (record) => {
    const isSettled = textAt(record, ['status'], ['type'], ['event_type']).toLowerCase().endsWith('settled');
    return makeRecord({
      gateway: 'langwatch',
      // An event that completes another may have an id of its own; the request is the same.
      recordId: textAt(record, ['gateway_request_id'], ['event_id']),
      traceId: traceIdAt(record, ['trace_id']),
      spanId: spanIdAt(record, ['span_id']),
      requestIds: [textAt(record, ['gateway_request_id'])],
      startUs: timeAt(record, [['started_at'], ['occurred_at'], ['created_at'], ['timestamp']], 'ms'),
      endUs: timeAt(record, [['finished_at'], ['completed_at']], 'ms'),
      durationUs: durationAt(record, [['duration_ms'], ['latency_ms']], 'ms'),
      failed: /^(?:error|failed)$/i.test(textAt(record, ['outcome'], ['status'])),
      call: {
        provider: providerName(textAt(record, ['provider'])),
        requestModel: textAt(record, ['model'], ['request_model']),
        responseModel: textAt(record, ['response_model']),
        responseId: textAt(record, ['response_id'], ['provider_response_id']),
        usage: usageOf({
          inputTokens: countAt(record, ['usage', 'input_tokens'], ['usage', 'prompt_tokens']),
          outputTokens: countAt(record, ['usage', 'output_tokens'], ['usage', 'completion_tokens']),
          cacheReadTokens: countAt(record, ['usage', 'cache_read_tokens'], ['usage', 'cached_tokens']),
          cacheWriteTokens: countAt(record, ['usage', 'cache_write_tokens']),
          reasoningTokens: countAt(record, ['usage', 'reasoning_tokens']),
        }),
        reportedCostUsd: isSettled
          ? null
          : (usdAt(record, [['cost', 'nano_usd']], NANO) ?? usdAt(record, [['cost', 'total_usd']])),
      },
      vouched: attributesAt(record, ['organization_id'], ['project_id'], ['virtual_key_id'], ['principal_user_id']),
      claimed: [...attributesAt(record, ['end_user_id'], ['labels']), ...entriesAt(record, ['metadata'])],
    });
  },
});
