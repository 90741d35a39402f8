import { providerName } from '../dialects/provider.js';
import { adapter } from './adapter.js';
import {
  attributesAt,
  countAt,
  durationAt,
  entriesAt,
  hasKeys,
  isObject,
  objectAt,
  textAt,
  timeAt,
  traceIdAt,
  usageOf,
  usdAt,
} from './fields.js';
import { makeRecord } from './make-record.js';

/** Bifrost's log. Its ids of team, customer and the like hang on the virtual key; `x-bf-dim-*` is the caller's word. */
export const bifrost = adapter({
  gateway: 'bifrost',
  recognises: (record) =>
    hasKeys(record, 'id', 'timestamp', 'provider', 'token_usage') || hasKeys(record, 'parent_log_id'),
  read: (record) => {
    const row = isObject(record) ? { ...record, token_usage: objectAt(record, ['token_usage']) } : record;
    const status = textAt(row, ['status']);
    return makeRecord({
      gateway: 'bifrost',
      recordId: textAt(row, ['id']),
      traceId: traceIdAt(row, ['trace_id']),
      requestIds: [textAt(row, ['id']), textAt(row, ['parent_log_id']), textAt(row, ['request_id'])],
      startUs: timeAt(row, [['timestamp'], ['created_at']], 'ms'),
      durationUs: durationAt(row, [['latency']], 'ms'),
      failed: status === 'error' || status === 'failed',
      call: {
        operation: textAt(row, ['object']).startsWith('embedding') ? 'embeddings' : 'chat',
        provider: providerName(textAt(row, ['provider']), {
          azure: 'azure.ai.openai',
          bedrock: 'aws.bedrock',
          mistral: 'mistral_ai',
          vertex: 'gcp.vertex_ai',
        }),
        requestModel: textAt(row, ['model']),
        stream: textAt(row, ['stream']) === 'true',
        usage: usageOf({
          inputTokens: countAt(row, ['token_usage', 'prompt_tokens'], ['token_usage', 'input_tokens']),
          outputTokens: countAt(row, ['token_usage', 'completion_tokens'], ['token_usage', 'output_tokens']),
          cacheReadTokens: countAt(
            row,
            ['token_usage', 'prompt_tokens_details', 'cached_read_tokens'],
            ['token_usage', 'prompt_tokens_details', 'cached_tokens'],
          ),
          cacheWriteTokens: countAt(row, ['token_usage', 'prompt_tokens_details', 'cached_write_tokens']),
          reasoningTokens: countAt(row, ['token_usage', 'completion_tokens_details', 'reasoning_tokens']),
        }),
        cacheReplay: textAt(row, ['cache_debug', 'cache_hit']) === 'true',
        reportedCostUsd: usdAt(row, [['cost']]),
      },
      vouched: attributesAt(
        row,
        ['virtual_key_id'],
        ['team_id'],
        ['team_ids'],
        ['customer_id'],
        ['customer_ids'],
        ['business_unit_id'],
        ['business_unit_ids'],
        ['user_id'],
        ['project_id'],
      ),
      claimed: [
        ...entriesAt(row, ['metadata']),
        ...Object.keys(objectAt(row, []))
          .filter((key) => key.startsWith('x-bf-dim-'))
          .flatMap((key) => attributesAt(row, [key])),
      ],
    });
  },
});
