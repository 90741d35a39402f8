import type { Usage } from '../../schemas/span.js';
import { adapter, usageOf } from './adapter.js';
import { entriesAt, taggedEntries } from './entries.js';
import { at, countOf, endAfter, firstText, has, isTrue, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

/** Helicone writes this where no answer from its cache was used. */
const NO_CACHE = /^0{8}-(?:0{4}-){3}0{12}$/;

const PROVIDERS = {
  azure: 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  aws: 'aws.bedrock',
  google: 'gcp.gemini',
  vertex: 'gcp.vertex_ai',
  mistral: 'mistral_ai',
  'x.ai': 'x_ai',
};

/** A request as Helicone exports it. Its user and properties are headers that the caller sent. */
export const helicone = adapter(
  'helicone',
  (record) => has(record, 'request_id', 'request_created_at') && !has(record, 'spend'),
  (record) => {
    const id = textOf(at(record, 'request_id'));
    const startUs = timeOf(at(record, 'request_created_at'));
    const properties = at(record, 'request_properties');
    const status = Number(textOf(at(record, 'response_status')) || '200');
    const cacheReference = textOf(at(record, 'cache_reference_id'));
    const cacheReplay = cacheReference !== '' && !NO_CACHE.test(cacheReference);
    const responseId = textOf(at(record, 'response_body', 'id'));
    return {
      recordId: id,
      requestIds: [id, responseId],
      startUs,
      endUs: timeOf(at(record, 'response_created_at')) ?? endAfter(startUs, at(record, 'delay_ms')),
      // Below zero: Helicone's own numbers for requests that were cut or timed out.
      failed: !(status >= 200 && status < 300),
      operation: /embeddings?$/.test(textOf(at(record, 'request_path'))) ? 'embeddings' : 'chat',
      provider: textOf(at(record, 'provider')),
      providerNames: PROVIDERS,
      requestModel: firstText(at(record, 'request_model'), at(record, 'model')),
      responseModel: firstText(at(record, 'response_model'), at(record, 'model')),
      responseId,
      conversationId: textOf(at(properties, 'Helicone-Session-Id')),
      stream: isTrue(at(record, 'is_stream')),
      usage: usageIn(record),
      cacheReplay,
      costUsd: pricedUsd(usdOf(at(record, 'costUSD')), cacheReplay),
      vouched: entriesAt(record, ['helicone_user'], ['auth_id']),
      claimed: [...entriesAt(record, ['request_user_id']), ...taggedEntries('request_properties', properties)],
    };
  },
);

/** Cached tokens stand inside or beside the prompt, after the provider: the total tells which. */
function usageIn(record: unknown): Usage | null {
  const input = countOf(at(record, 'prompt_tokens'));
  const output = countOf(at(record, 'completion_tokens'));
  const cacheRead = countOf(at(record, 'prompt_cache_read_tokens'));
  const cacheWrite = countOf(at(record, 'prompt_cache_write_tokens'));
  const total = countOf(at(record, 'total_tokens'));
  const cached = (cacheRead ?? 0) + (cacheWrite ?? 0);
  const isBeside = (input ?? 0) < cached || total === (input ?? 0) + (output ?? 0) + cached;
  const counted = isBeside && input !== null ? input + cached : input;
  return usageOf({
    input: counted,
    output,
    cacheRead,
    cacheWrite,
    reasoning: countOf(at(record, 'reasoning_tokens')),
    inputAudio: countOf(at(record, 'prompt_audio_tokens')),
    outputAudio: countOf(at(record, 'completion_audio_tokens')),
  });
}
