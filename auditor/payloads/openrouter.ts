import { adapter, usageOf } from './adapter.js';
import { entriesAt } from './entries.js';
import { at, countOf, endAfter, firstText, has, isTrue, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

const PROVIDERS = {
  'amazon bedrock': 'aws.bedrock',
  azure: 'azure.ai.openai',
  google: 'gcp.vertex_ai',
  'google ai studio': 'gcp.gemini',
  mistral: 'mistral_ai',
  moonshotai: 'moonshot_ai',
  'moonshot ai': 'moonshot_ai',
};

/**
 * A generation as OpenRouter tells it, bare or as the `data` of an answer. The native token counts are those that are
 * billed; the others are counted again with one tokenizer for all models.
 */
export const openRouter = adapter(
  'openrouter',
  (record) => {
    const data = generationIn(record);
    return has(data, 'id', 'created_at') && (has(data, 'native_tokens_prompt') || has(data, 'is_byok', 'total_cost'));
  },
  (record) => {
    const data = generationIn(record);
    const startUs = timeOf(at(data, 'created_at'));
    const nativeInput = countOf(at(data, 'native_tokens_prompt'));
    const nativeOutput = countOf(at(data, 'native_tokens_completion'));
    const isNative = nativeInput !== null || nativeOutput !== null;
    const [input, output] = isNative
      ? [nativeInput, nativeOutput]
      : [countOf(at(data, 'tokens_prompt')), countOf(at(data, 'tokens_completion'))];
    const upstreamId = textOf(at(data, 'upstream_id'));
    return {
      recordId: textOf(at(data, 'id')),
      requestIds: [textOf(at(data, 'id')), textOf(at(data, 'request_id')), upstreamId],
      startUs,
      endUs: endAfter(startUs, firstText(at(data, 'generation_time'), at(data, 'latency'))),
      failed: textOf(at(data, 'finish_reason')) === 'error',
      operation: textOf(at(data, 'api_type')) === 'embeddings' ? 'embeddings' : 'chat',
      provider: textOf(at(data, 'provider_name')),
      providerNames: PROVIDERS,
      requestModel: textOf(at(data, 'model')),
      responseModel: textOf(at(data, 'model')),
      responseId: upstreamId,
      conversationId: textOf(at(data, 'session_id')),
      stream: isTrue(at(data, 'streamed')),
      usage: usageOf({
        input,
        output,
        cacheRead: isNative ? countOf(at(data, 'native_tokens_cached')) : null,
        reasoning: isNative ? countOf(at(data, 'native_tokens_reasoning')) : null,
      }),
      usageEstimated: !isNative && (input !== null || output !== null),
      costUsd: costIn(data),
      vouched: entriesAt(data, ['api_key_id']),
      // The app is told by the caller's own header.
      claimed: entriesAt(data, ['external_user'], ['app_id']),
    };
  },
);

function generationIn(record: unknown): unknown {
  return at(record, 'data') ?? record;
}

/** With a key of the user's own, the provider bills the model: what OpenRouter charges is only its fee. */
function costIn(data: unknown): string | null {
  const chargedUsd = usdOf(at(data, 'total_cost')) ?? usdOf(at(data, 'usage'));
  if (!isTrue(at(data, 'is_byok'))) return chargedUsd;
  return pricedUsd(usdOf(at(data, 'upstream_inference_cost')), false);
}
