import { bifrost as spans } from '../dialects/bifrost.js';
import { parseDict } from '../dialects/dict.js';
import { adapter, usageOf } from './adapter.js';
import { entriesAt, taggedEntries } from './entries.js';
import { at, endAfter, firstCount, firstText, has, isTrue, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['text.completion', 'text_completion'],
  ['text_completion', 'text_completion'],
  ['embedding', 'embeddings'],
  ['list', 'embeddings'],
]);

/**
 * A log of Bifrost. A fallback is a log of its own which names the first attempt as its parent. A log that is still
 * `processing` has no end yet: the finished one replaces it.
 */
export const bifrost = adapter(
  'bifrost',
  (record) =>
    has(record, 'id', 'timestamp', 'provider', 'model') &&
    (has(record, 'virtual_key_id') || has(record, 'fallback_index') || has(record, 'selected_key_id')),
  (record) => {
    const startUs = timeOf(at(record, 'timestamp'));
    const usage = at(record, 'token_usage');
    const input = at(usage, 'prompt_tokens_details');
    const output = at(usage, 'completion_tokens_details');
    const object = textOf(at(record, 'object')).replace(/[._](?:chunk|stream)$/, '');
    const cacheReplay = isTrue(at(record, 'cache_debug', 'cache_hit'));
    const metadata = at(record, 'metadata');
    return {
      recordId: textOf(at(record, 'id')),
      traceId: textOf(at(record, 'trace_id')),
      requestIds: [textOf(at(record, 'id')), firstText(at(record, 'parent_request_id'), at(record, 'parent_log_id'))],
      startUs,
      endUs: endAfter(startUs, at(record, 'latency')),
      failed: textOf(at(record, 'status')) === 'error',
      operation: OPERATIONS.get(object) ?? 'chat',
      provider: textOf(at(record, 'provider')),
      providerNames: spans.providerNames,
      requestModel: textOf(at(record, 'model')),
      responseModel: textOf(at(record, 'model')),
      stream: isTrue(at(record, 'stream')),
      usage: usageOf({
        input: firstCount(at(usage, 'prompt_tokens'), at(record, 'prompt_tokens')),
        output: firstCount(at(usage, 'completion_tokens'), at(record, 'completion_tokens')),
        cacheRead: firstCount(at(input, 'cached_read_tokens'), at(input, 'cached_tokens')),
        cacheWrite: firstCount(at(input, 'cached_write_tokens')),
        reasoning: firstCount(at(output, 'reasoning_tokens')),
        inputAudio: firstCount(at(input, 'audio_tokens')),
        outputAudio: firstCount(at(output, 'audio_tokens')),
      }),
      cacheReplay,
      costUsd: pricedUsd(usdOf(at(record, 'cost')), cacheReplay),
      vouched: entriesAt(record, ...VOUCHED),
      claimed: taggedEntries('metadata', typeof metadata === 'string' ? parseDict(metadata) : metadata),
    };
  },
);

/** What hangs on the virtual key; newer versions write lists. */
const VOUCHED: readonly (readonly [string])[] = [
  ['virtual_key_id'],
  ['virtual_key_name'],
  ['team_id'],
  ['team_ids'],
  ['customer_id'],
  ['customer_ids'],
  ['business_unit_id'],
  ['business_unit_ids'],
  ['user_id'],
  ['project_id'],
];
