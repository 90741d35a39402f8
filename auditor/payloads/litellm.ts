import { liteLlm } from '../dialects/litellm.js';
import { looksLikeAttribution } from '../dialects/look-alike.js';
import { providerName } from '../dialects/provider.js';
import { adapter } from './adapter.js';
import type { Path } from './fields.js';
import {
  attributesAt,
  countAt,
  entriesAt,
  hasKeys,
  objectAt,
  spanIdAt,
  textAt,
  timeAt,
  traceIdAt,
  usageOf,
  usdAt,
  valueAt,
} from './fields.js';
import { makeRecord } from './make-record.js';

const OPERATIONS = liteLlm.call.operations;

/** Taken from the virtual key; everything else in the metadata is what the caller said. */
const isVouched = (key: string): boolean => key.startsWith('user_api_key_');

/**
 * LiteLLM's `StandardLoggingPayload`, which its callbacks log for every request.
 * https://docs.litellm.ai/docs/proxy/logging_spec
 */
export const liteLlmLog = adapter({
  gateway: 'litellm',
  recognises: (record) => hasKeys(record, 'call_type', 'response_cost', 'metadata', 'startTime'),
  read: (record) =>
    makeRecord({
      gateway: 'litellm',
      recordId: textAt(record, ['litellm_call_id'], ['id']),
      traceId: traceIdAt(record, ['trace_id']),
      spanId: spanIdAt(record, ['span_id']),
      requestIds: [textAt(record, ['litellm_call_id']), textAt(record, ['id'])],
      startUs: timeAt(record, [['startTime']], 's'),
      endUs: timeAt(record, [['endTime']], 's'),
      failed: textAt(record, ['status']) === 'failure',
      call: {
        ...callOf(record),
        responseId: textAt(record, ['status']) === 'failure' ? '' : textAt(record, ['id']),
        stream: valueAt(record, ['stream']) === true,
        cacheReplay: textAt(record, ['cache_hit']).toLowerCase() === 'true',
        reportedCostUsd: costOf(record),
      },
      vouched: entriesAt(record, ['metadata'], isVouched).filter(isQualified),
      claimed: claimsIn(record, ['metadata']),
    }),
});

/** A row of LiteLLM's SpendLogs table, as its API and its exports give it. Several of its fields are JSON in a string. */
export const liteLlmSpendLog = adapter({
  gateway: 'litellm',
  recognises: (record) => hasKeys(record, 'call_type', 'spend', 'request_id', 'startTime'),
  read: (record) => {
    const row = { ...Object(record), metadata: objectAt(record, ['metadata']) };
    return makeRecord({
      gateway: 'litellm',
      recordId: textAt(row, ['request_id']),
      traceId: traceIdAt(row, ['metadata', 'trace_id']),
      requestIds: [textAt(row, ['request_id'])],
      startUs: timeAt(row, [['startTime']], 's'),
      endUs: timeAt(row, [['endTime']], 's'),
      failed: textAt(row, ['status'], ['metadata', 'status']) === 'failure',
      call: {
        ...callOf(row),
        responseId: textAt(row, ['request_id']),
        conversationId: textAt(row, ['session_id']),
        cacheReplay: textAt(row, ['cache_hit']).toLowerCase() === 'true',
        reportedCostUsd: usdAt(row, [['spend']]),
      },
      vouched: [
        ...attributesAt(row, ['api_key'], ['user'], ['team_id'], ['organization_id']),
        ...entriesAt(row, ['metadata'], isVouched).filter(isQualified),
      ],
      claimed: claimsIn(row, ['metadata']),
    });
  },
});

/** Entries come under two names, of which the bare one is for what callers send. */
function isQualified(_: string, i: number): boolean {
  return i % 4 < 2;
}

function claimsIn(record: unknown, metadata: Path): string[] {
  return [
    ...attributesAt(record, ['end_user'], ['request_tags']),
    ...entriesAt(record, [...metadata, 'spend_logs_metadata']),
    ...entriesAt(record, [...metadata, 'requester_metadata']),
    ...entriesAt(record, metadata, (key) => !isVouched(key) && looksLikeAttribution(key)),
  ];
}

function callOf(record: unknown) {
  const provider = textAt(record, ['custom_llm_provider']);
  const model = textAt(record, ['model']);
  const usage: Path = ['metadata', 'usage_object'];
  const callType = textAt(record, ['call_type']);
  return {
    operation: Object.hasOwn(OPERATIONS, callType) ? (OPERATIONS[callType] ?? '') : 'chat',
    provider: providerName(provider, liteLlm.providerNames),
    requestModel: provider !== '' && model.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model,
    usage: usageOf({
      inputTokens: countAt(record, ['prompt_tokens']),
      outputTokens: countAt(record, ['completion_tokens']),
      cacheReadTokens: countAt(
        record,
        [...usage, 'prompt_tokens_details', 'cached_tokens'],
        [...usage, 'cache_read_input_tokens'],
      ),
      cacheWriteTokens: countAt(
        record,
        [...usage, 'prompt_tokens_details', 'cache_creation_tokens'],
        [...usage, 'cache_creation_input_tokens'],
      ),
      reasoningTokens: countAt(record, [...usage, 'completion_tokens_details', 'reasoning_tokens']),
      inputAudioTokens: countAt(record, [...usage, 'prompt_tokens_details', 'audio_tokens']),
      outputAudioTokens: countAt(record, [...usage, 'completion_tokens_details', 'audio_tokens']),
    }),
  };
}

/** It logs 0 where it could not price a model, and then says why it could not. */
function costOf(record: unknown): string | null {
  const whyNot = valueAt(record, ['response_cost_failure_debug_info']);
  return whyNot === undefined || whyNot === null ? usdAt(record, [['response_cost']]) : null;
}
