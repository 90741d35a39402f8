import type { Usage } from '../../schemas/span.js';
import { liteLlm } from '../dialects/litellm.js';
import { adapter, usageOf } from './adapter.js';
import type { Entry } from './entries.js';
import { entriesAt, entriesUnder, lookAlikes, taggedEntries } from './entries.js';
import { at, firstCount, firstText, has, isTrue, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

/** What the proxy takes from the key that a request came with. `user_api_key_end_user_id` is not: a caller says it. */
const FROM_KEY = /^user_api_key_(?:hash|alias|team_id|team_alias|org_id|org_alias|user_id|project_id|project_alias)$/;

/**
 * LiteLLM's `StandardLoggingPayload`, which its callbacks send. `response_cost` is null where the cost is not known, and
 * 0 where `response_cost_failure_debug_info` says why it could not be computed.
 */
export const liteLlmPayload = adapter(
  'litellm',
  (record) => has(record, 'id', 'call_type', 'startTime', 'custom_llm_provider') && !has(record, 'spend'),
  (record) => {
    const id = textOf(at(record, 'id'));
    const callId = textOf(at(record, 'litellm_call_id'));
    const startUs = timeOf(at(record, 'startTime'));
    const failed = textOf(at(record, 'status')) === 'failure';
    const cacheReplay = isTrue(at(record, 'cache_hit'));
    const metadata = at(record, 'metadata');
    // A replay from the cache gets the first answer's id with this ending.
    const responseId = failed || id === callId ? '' : id.replace(/_cache_hit[\d.]*$/, '');
    return {
      // Attempts that fail share the id of their call: only their time tells them apart.
      recordId: failed && id !== '' && startUs !== null ? `${id}:${startUs}` : id,
      traceId: textOf(at(record, 'trace_id')),
      requestIds: [callId, textOf(at(record, 'trace_id')), responseId],
      startUs,
      endUs: timeOf(at(record, 'endTime')),
      failed,
      ...calledModel(record),
      responseId,
      stream: isTrue(at(record, 'stream')),
      usage: liteLlmUsage(record, metadata),
      cacheReplay,
      costUsd: knownCost(record, cacheReplay),
      vouched: vouchedIn(metadata),
      claimed: [...entriesAt(record, ['end_user'], ['request_tags']), ...claimedIn(metadata)],
    };
  },
);

function knownCost(record: unknown, cacheReplay: boolean): string | null {
  const why = at(record, 'response_cost_failure_debug_info');
  return pricedUsd(usdOf(at(record, 'response_cost')), cacheReplay || why === undefined || why === null);
}

/** Operation, provider and models. Behind an alias (`model_group`), `model` is the deployment that was called. */
export function calledModel(record: unknown) {
  const callType = textOf(at(record, 'call_type'));
  const { operations } = liteLlm.call;
  const model = textOf(at(record, 'model'));
  return {
    operation: (Object.hasOwn(operations, callType) ? operations[callType] : null) ?? (callType || 'chat'),
    provider: textOf(at(record, 'custom_llm_provider')),
    providerNames: liteLlm.providerNames,
    requestModel: firstText(at(record, 'model_group'), model),
    responseModel: model,
  };
}

/** The provider's usage as LiteLLM normalised it (cached tokens inside the input), else the row's own two counts. */
export function liteLlmUsage(record: unknown, metadata: unknown): Usage | null {
  const usage = at(metadata, 'usage_object');
  const input = at(usage, 'prompt_tokens_details');
  const output = at(usage, 'completion_tokens_details');
  return usageOf({
    input: firstCount(at(usage, 'prompt_tokens'), at(record, 'prompt_tokens')),
    output: firstCount(at(usage, 'completion_tokens'), at(record, 'completion_tokens')),
    cacheRead: firstCount(at(input, 'cached_tokens'), at(usage, 'cache_read_input_tokens')),
    cacheWrite: firstCount(at(input, 'cache_creation_tokens'), at(usage, 'cache_creation_input_tokens')),
    reasoning: firstCount(at(output, 'reasoning_tokens')),
    inputAudio: firstCount(at(input, 'audio_tokens')),
    outputAudio: firstCount(at(output, 'audio_tokens')),
  });
}

/** What the key says, and what its owner wrote on it. */
export function vouchedIn(metadata: unknown): Entry[] {
  const onKey = at(metadata, 'user_api_key_auth_metadata');
  return [
    ...entriesUnder('metadata', metadata, (key) => FROM_KEY.test(key)),
    ...lookAlikes('metadata.user_api_key_auth_metadata', onKey),
  ];
}

/** What the caller says: bare metadata (`metadata.team_id` is no key's team), and what it tagged the request with. */
export function claimedIn(metadata: unknown): Entry[] {
  return [
    ...lookAlikes('metadata', metadata),
    ...[
      ...taggedEntries('metadata.spend_logs_metadata', at(metadata, 'spend_logs_metadata')),
      ...taggedEntries('metadata.requester_metadata', at(metadata, 'requester_metadata')),
      // A caller may name a tag as the proxy names what a key says.
    ].filter(([key]) => !key.startsWith('metadata.user_api_key_')),
  ];
}
