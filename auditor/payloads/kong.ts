import { adapter, usageOf } from './adapter.js';
import { entriesAt } from './entries.js';
import { at, endAfter, firstCount, firstText, has, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

/** The plugins that proxy a request to a model, before those that only transform or guard it with a model's help. */
const PROXIES = ['proxy', 'ai-proxy-advanced', 'ai-proxy'];

const PROVIDERS = {
  azure: 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  mistral: 'mistral_ai',
};

/** A line of Kong's logs. Counts occur in the singular and the plural; of several plugins, the proxy is the call. */
export const kong = adapter(
  'kong',
  (record) => pluginIn(record) !== undefined && has(at(record, 'request')),
  (record) => {
    const plugin = pluginIn(record);
    const meta = at(plugin, 'meta');
    const usage = at(plugin, 'usage');
    const cacheReplay = textOf(at(plugin, 'cache', 'cache_status')).toLowerCase() === 'hit';
    const startUs = timeOf(at(record, 'started_at'));
    const requestId = firstText(at(record, 'request', 'id'), at(record, 'request_id'));
    const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(textOf(at(record, 'request', 'headers', 'traceparent')));
    return {
      recordId: requestId,
      traceId: firstText(at(record, 'trace_id', 'w3c'), at(record, 'trace_id'), parent?.[1]),
      requestIds: [requestId],
      startUs,
      endUs: endAfter(startUs, at(record, 'latencies', 'request')),
      failed: Number(textOf(at(record, 'response', 'status')) || '200') >= 400,
      operation: /\/embeddings\b/.test(textOf(at(record, 'request', 'uri'))) ? 'embeddings' : 'chat',
      provider: textOf(at(meta, 'provider_name')),
      providerNames: PROVIDERS,
      requestModel: textOf(at(meta, 'request_model')),
      responseModel: textOf(at(meta, 'response_model')),
      stream: textOf(at(meta, 'request_mode')) === 'stream',
      usage: usageOf({
        input: firstCount(at(usage, 'prompt_tokens'), at(usage, 'prompt_token')),
        output: firstCount(at(usage, 'completion_tokens'), at(usage, 'completion_token')),
      }),
      cacheReplay,
      costUsd: pricedUsd(usdOf(at(usage, 'cost')), cacheReplay),
      vouched: entriesAt(
        record,
        ['consumer', 'id'],
        ['consumer', 'username'],
        ['consumer', 'custom_id'],
        ['authenticated_entity', 'id'],
        ['workspace'],
      ),
      claimed: [],
    };
  },
);

function pluginIn(record: unknown): unknown {
  const ai = at(record, 'ai');
  if (typeof ai !== 'object' || ai === null) return undefined;
  const names = [...PROXIES, ...Object.keys(ai)];
  return names.map((name) => at(ai, name)).find((plugin) => has(plugin, 'usage') || has(plugin, 'meta'));
}
