import { providerName } from '../dialects/provider.js';
import { adapter } from './adapter.js';
import {
  attributesAt,
  countAt,
  durationAt,
  hasKeys,
  objectAt,
  textAt,
  timeAt,
  traceIdAt,
  usageOf,
  usdAt,
} from './fields.js';
import { makeRecord } from './make-record.js';

const PROVIDERS: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  mistral: 'mistral_ai',
};

/**
 * Kong's log of a request that went through one of its AI plugins: `ai.proxy`, and in older versions one entry a
 * plugin, with singular or plural names of counts. Who called is the Consumer, whom a credential proved.
 * https://developer.konghq.com/ai-gateway/ai-audit-log-reference/
 */
export const kong = adapter({
  gateway: 'kong',
  recognises: (record) => hasKeys(record, 'ai') && pluginsIn(record).length > 0,
  read: (record) => {
    const [plugin] = pluginsIn(record);
    if (plugin === undefined) return { reason: 'has no usage of an AI plugin' };
    const at = (...path: readonly string[]) => ['ai', plugin, ...path];
    const status = countAt(record, ['response', 'status']);
    return makeRecord({
      gateway: 'kong',
      recordId: textAt(record, ['request', 'id'], ['request_id']),
      traceId: traceIdAt(record, ['trace_id', 'w3c'], ['trace_id']),
      requestIds: [textAt(record, ['request', 'id']), textAt(record, ['request', 'headers', 'x-request-id'])],
      startUs: timeAt(record, [['started_at']], 'ms'),
      durationUs: durationAt(record, [['latencies', 'request'], at('meta', 'llm_latency')], 'ms'),
      failed: status !== null && status >= 400,
      call: {
        provider: providerName(textAt(record, at('meta', 'provider_name')), PROVIDERS),
        requestModel: textAt(record, at('meta', 'request_model')),
        responseModel: textAt(record, at('meta', 'response_model')),
        stream: textAt(record, at('meta', 'request_mode')) === 'stream',
        usage: usageOf({
          inputTokens: countAt(record, at('usage', 'prompt_tokens'), at('usage', 'prompt_token')),
          outputTokens: countAt(record, at('usage', 'completion_tokens'), at('usage', 'completion_token')),
        }),
        cacheReplay: /^hit$/i.test(textAt(record, at('cache', 'cache_status'))),
        reportedCostUsd: usdAt(record, [at('usage', 'cost')]),
      },
      vouched: attributesAt(
        record,
        ['consumer', 'id'],
        ['consumer', 'username'],
        ['consumer', 'custom_id'],
        ['authenticated_entity', 'id'],
        ['authenticated_entity', 'consumer_id'],
      ),
    });
  },
});

/** The AI plugins that counted something, the proxy first. */
function pluginsIn(record: unknown): string[] {
  const plugins = Object.keys(objectAt(record, ['ai'])).filter(
    (name) =>
      Object.keys(objectAt(record, ['ai', name, 'usage'])).length > 0 ||
      textAt(record, ['ai', name, 'meta', 'request_model']) !== '',
  );
  return plugins.toSorted(
    (a, b) =>
      Number(b === 'proxy') - Number(a === 'proxy') || Number(b.includes('proxy')) - Number(a.includes('proxy')),
  );
}
