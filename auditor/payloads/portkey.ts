import { adapter, usageOf } from './adapter.js';
import { entriesAt, taggedEntries } from './entries.js';
import { at, countOf, endAfter, firstText, has, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

const CENTS = -2;

const PROVIDERS = {
  'azure-openai': 'azure.ai.openai',
  'azure-ai': 'azure.ai.inference',
  bedrock: 'aws.bedrock',
  google: 'gcp.gemini',
  'vertex-ai': 'gcp.vertex_ai',
  'mistral-ai': 'mistral_ai',
  'perplexity-ai': 'perplexity',
  'x-ai': 'x_ai',
};

/** A line of Portkey's log export. Its cost is in cents; its metadata are what the caller sent. */
export const portkey = adapter(
  'portkey',
  (record) => has(record, 'id', 'created_at') && (has(record, 'ai_org') || has(record, 'ai_model')),
  (record) => {
    const startUs = timeOf(at(record, 'created_at'));
    const status = Number(textOf(at(record, 'response_status_code')) || '200');
    const currency = textOf(at(record, 'cost_currency')).toUpperCase();
    const model = textOf(at(record, 'ai_model'));
    // `HIT` and `SEMANTIC HIT`.
    const cacheReplay = /\bhit$/i.test(textOf(at(record, 'cache_status')));
    const traceId = textOf(at(record, 'trace_id'));
    return {
      recordId: textOf(at(record, 'id')),
      traceId,
      requestIds: [textOf(at(record, 'id')), traceId],
      startUs,
      endUs: endAfter(startUs, at(record, 'response_time')),
      failed: at(record, 'is_success') === false || !(status >= 200 && status < 300),
      operation: /\/embeddings\b/.test(textOf(at(record, 'request_url'))) ? 'embeddings' : 'chat',
      provider: textOf(at(record, 'ai_org')),
      providerNames: PROVIDERS,
      requestModel: model,
      responseModel: model,
      responseId: textOf(at(record, 'response', 'id')),
      usage: usageOf({ input: countOf(at(record, 'req_units')), output: countOf(at(record, 'res_units')) }),
      cacheReplay,
      costUsd: currency === '' || currency === 'USD' ? pricedUsd(usdOf(at(record, 'cost'), CENTS), cacheReplay) : null,
      vouched: entriesAt(record, ['virtual_key'], ['workspace_slug'], ['workspace_id'], ['organisation_id']),
      claimed: taggedEntries('metadata', metadataIn(record)),
    };
  },
);

/** An object, or two lists of the same length: keys and values. */
function metadataIn(record: unknown): unknown {
  const metadata = at(record, 'metadata');
  const keys = firstList(at(metadata, 'key'), at(record, 'metadata.key'));
  const values = firstList(at(metadata, 'value'), at(record, 'metadata.value'));
  if (keys === null || values === null) return metadata;
  return Object.fromEntries(keys.map((key, i) => [firstText(key), values[i]]));
}

function firstList(...values: readonly unknown[]): readonly unknown[] | null {
  return values.find((value): value is unknown[] => Array.isArray(value)) ?? null;
}
