import { makerOf, providerName } from '../dialects/provider.js';
import { adapter } from './adapter.js';
import { attributesAt, countAt, durationAt, hasKeys, isObject, textAt, timeAt, usageOf, usdAt } from './fields.js';
import { makeRecord } from './make-record.js';

/**
 * OpenRouter's metadata of a generation. Tokens are billed as the model itself counts them (`native_tokens_*`). With a
 * key of one's own (`is_byok`) the provider sends the bill: then what it charged is what went upstream, and
 * OpenRouter's own amount is its fee.
 * https://openrouter.ai/docs/api-reference/get-a-generation
 */
export const openRouter = adapter({
  gateway: 'openrouter',
  recognises: (record) => hasKeys(generation(record), 'id', 'native_tokens_prompt', 'created_at'),
  read: (record) => {
    const row = generation(record);
    const model = textAt(row, ['model']);
    const isOwnKey = textAt(row, ['is_byok']) === 'true';
    return makeRecord({
      gateway: 'openrouter',
      recordId: textAt(row, ['id']),
      requestIds: [textAt(row, ['id']), textAt(row, ['request_id'])],
      startUs: timeAt(row, [['created_at']], 's'),
      durationUs: durationAt(row, [['generation_time'], ['latency']], 'ms'),
      failed: textAt(row, ['finish_reason']) === 'error',
      call: {
        // Its prices are its own: the model is sold by it, unless the provider bills the caller.
        provider: isOwnKey ? providerName(textAt(row, ['provider_name'])) || makerOf(afterSlash(model)) : 'openrouter',
        requestModel: isOwnKey ? afterSlash(model) : model,
        responseId: textAt(row, ['upstream_id'], ['id']),
        conversationId: textAt(row, ['session_id']),
        stream: textAt(row, ['streamed']) === 'true',
        usage: usageOf({
          inputTokens: countAt(row, ['native_tokens_prompt'], ['tokens_prompt']),
          outputTokens: countAt(row, ['native_tokens_completion'], ['tokens_completion']),
          cacheReadTokens: countAt(row, ['native_tokens_cached']),
          reasoningTokens: countAt(row, ['native_tokens_reasoning']),
        }),
        reportedCostUsd: isOwnKey ? usdAt(row, [['upstream_inference_cost']]) : usdAt(row, [['total_cost'], ['usage']]),
      },
      vouched: attributesAt(row, ['api_key_id'], ['app_id']),
      claimed: attributesAt(row, ['external_user'], ['user']),
    });
  },
});

/** Its API wraps the answer. */
function generation(record: unknown): unknown {
  return isObject(record) && isObject(record['data']) ? record['data'] : record;
}

function afterSlash(model: string): string {
  return model.slice(model.indexOf('/') + 1);
}
