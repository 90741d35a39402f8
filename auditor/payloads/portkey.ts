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
  valueAt,
} from './fields.js';
import { makeRecord } from './make-record.js';

const CENTS = 100;

/** Portkey's log export. Its costs are in cents; metadata is what callers sent in `x-portkey-metadata`. */
export const portkey = adapter({
  gateway: 'portkey',
  recognises: (record) => hasKeys(record, 'req_units') || hasKeys(record, 'ai_model', 'cost'),
  read: (record) => {
    const status = countAt(record, ['response_status_code'], ['status_code']);
    const currency = textAt(record, ['cost_currency']).toUpperCase();
    return makeRecord({
      gateway: 'portkey',
      recordId: textAt(record, ['id'], ['log_id']),
      traceId: traceIdAt(record, ['trace_id']),
      spanId: spanIdAt(record, ['span_id']),
      requestIds: [textAt(record, ['id']), textAt(record, ['trace_id'])],
      startUs: timeAt(record, [['time_of_generation'], ['created_at']], 'ms'),
      durationUs: durationAt(record, [['response_time']], 'ms'),
      failed: status !== null && (status < 200 || status >= 300),
      call: {
        provider: providerName(textAt(record, ['ai_org'], ['ai_provider'], ['provider'])),
        requestModel: textAt(record, ['ai_model'], ['model']),
        usage: usageOf({
          inputTokens: countAt(record, ['req_units'], ['prompt_tokens']),
          outputTokens: countAt(record, ['res_units'], ['completion_tokens']),
        }),
        stream: textAt(record, ['is_stream'], ['stream']) === 'true',
        cacheReplay: /^(?:hit|semantic_?hit|simple_?hit)$/.test(textAt(record, ['cache_status']).toLowerCase()),
        reportedCostUsd: currency === '' || currency === 'USD' ? usdAt(record, [['cost']], CENTS) : null,
      },
      vouched: attributesAt(record, ['virtual_key'], ['workspace_slug'], ['organisation_id'], ['api_key_id']),
      claimed: [
        ...listedMetadata(record),
        ...entriesAt(record, ['metadata'], (key) => key !== 'key' && key !== 'value'),
      ],
    });
  },
});

/** Exports from its tables have the metadata as two lists, of keys and of values. */
function listedMetadata(record: unknown): string[] {
  const [keys, values] = [
    valueAt(record, ['metadata', 'key']) ?? valueAt(record, ['metadata.key']),
    valueAt(record, ['metadata', 'value']) ?? valueAt(record, ['metadata.value']),
  ];
  if (!Array.isArray(keys) || !Array.isArray(values)) return [];
  return entriesAt({ metadata: Object.fromEntries(keys.map((key, i) => [String(key), values[i]])) }, ['metadata']);
}
