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

/** Its own spellings of providers. */
const PROVIDERS: Readonly<Record<string, string>> = {
  'azure-openai': 'azure.ai.openai',
  'aws-bedrock': 'aws.bedrock',
  'google-ai-studio': 'gcp.gemini',
  'google-vertex-ai': 'gcp.vertex_ai',
  grok: 'x_ai',
  mistral: 'mistral_ai',
  'perplexity-ai': 'perplexity',
};

/**
 * Cloudflare AI Gateway's logs. Of the metadata that a caller sends in `cf-aig-metadata` only the first five entries
 * are kept: a sixth is gone here.
 */
export const cloudflare = adapter({
  gateway: 'cloudflare',
  recognises: (record) => hasKeys(record, 'tokens_in', 'tokens_out', 'created_at'),
  read: (record) =>
    makeRecord({
      gateway: 'cloudflare',
      recordId: textAt(record, ['id']),
      traceId: traceIdAt(record, ['cf-aig-otel-trace-id'], ['otel_trace_id'], ['metadata', 'cf-aig-otel-trace-id']),
      spanId: spanIdAt(record, ['cf-aig-otel-parent-span-id'], ['otel_parent_span_id']),
      requestIds: [textAt(record, ['id']), textAt(record, ['event_id'])],
      startUs: timeAt(record, [['created_at']], 'ms'),
      durationUs: durationAt(record, [['duration']], 'ms'),
      failed: textAt(record, ['success']) === 'false',
      call: {
        operation: textAt(record, ['model_type']) === 'embeddings' ? 'embeddings' : 'chat',
        provider: providerName(textAt(record, ['provider']), PROVIDERS),
        requestModel: textAt(record, ['model']),
        usage: usageOf({ inputTokens: countAt(record, ['tokens_in']), outputTokens: countAt(record, ['tokens_out']) }),
        cacheReplay: textAt(record, ['cached']) === 'true',
        reportedCostUsd: usdAt(record, [['cost']]),
      },
      vouched: attributesAt(record, ['cf.user_id'], ['cf', 'user_id']),
      claimed: entriesAt(record, ['metadata']),
    }),
});
