import { providerName } from '../dialects/provider.js';
import { adapter } from './adapter.js';
import {
  attributesAt,
  countAt,
  durationAt,
  entriesAt,
  hasKeys,
  textAt,
  timeAt,
  traceIdAt,
  usageOf,
  usdAt,
} from './fields.js';
import { makeRecord } from './make-record.js';

/** Helicone's export and webhook. What it knows of the caller came in headers. */
export const helicone = adapter({
  gateway: 'helicone',
  recognises: (record) => hasKeys(record, 'request_id', 'request_created_at'),
  read: (record) => {
    const status = countAt(record, ['response_status']);
    const anthropicStyle = providerName(textAt(record, ['provider'])) === 'anthropic';
    const cacheRead = countAt(record, ['prompt_cache_read_tokens']);
    const cacheWrite = countAt(record, ['prompt_cache_write_tokens']);
    const prompt = countAt(record, ['prompt_tokens']);
    return makeRecord({
      gateway: 'helicone',
      recordId: textAt(record, ['request_id']),
      traceId: traceIdAt(record, ['trace_id'], ['request_properties', 'trace_id']),
      requestIds: [textAt(record, ['request_id'])],
      startUs: timeAt(record, [['request_created_at']], 'ms'),
      endUs: timeAt(record, [['response_created_at']], 'ms'),
      durationUs: durationAt(record, [['delay_ms']], 'ms'),
      failed: status !== null && (status < 200 || status >= 300),
      call: {
        provider: providerName(textAt(record, ['provider'])),
        requestModel: textAt(record, ['request_model'], ['model']),
        responseModel: textAt(record, ['response_model']),
        responseId: textAt(record, ['response_id']),
        conversationId: textAt(record, ['session_id'], ['request_properties', 'Helicone-Session-Id']),
        usage: usageOf({
          // It passes on what the provider counts, and Anthropic counts cached tokens beside the others.
          inputTokens: anthropicStyle && prompt !== null ? prompt + (cacheRead ?? 0) + (cacheWrite ?? 0) : prompt,
          outputTokens: countAt(record, ['completion_tokens']),
          cacheReadTokens: cacheRead,
          cacheWriteTokens: cacheWrite,
          reasoningTokens: countAt(record, ['reasoning_tokens']),
        }),
        cacheReplay: textAt(record, ['cache_enabled']) === 'true' && textAt(record, ['cache_reference_id']) !== '',
        reportedCostUsd: usdAt(record, [['costUSD'], ['cost_usd'], ['cost']]),
      },
      claimed: [
        ...attributesAt(record, ['request_user_id'], ['helicone_user']),
        ...entriesAt(record, ['request_properties']),
      ],
    });
  },
});
