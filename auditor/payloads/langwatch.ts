import { langWatchGateway } from '../dialects/langwatch-gateway.js';
import { adapter, usageOf } from './adapter.js';
import { entriesAt, taggedEntries } from './entries.js';
import { at, endAfter, firstCount, firstText, has, isTrue, textOf, timeOf, usdOf } from './fields.js';

const NANO_USD = -9;

/**
 * A spend event of LangWatch's gateway. `settled` closes a request whose cost never became known; a `completed` event
 * of the same request supersedes it, so both have the request's id.
 */
export const langWatch = adapter(
  'langwatch',
  (record) => has(record, 'event_id') && (has(record, 'gateway_request_id') || has(record, 'virtual_key_id')),
  (record) => {
    const requestId = textOf(at(record, 'gateway_request_id'));
    const status = firstText(at(record, 'status'), at(record, 'event_type'), at(record, 'type'));
    const startUs = timeOf(
      at(record, 'started_at') ?? at(record, 'occurred_at') ?? at(record, 'timestamp') ?? at(record, 'created_at'),
    );
    const usage = at(record, 'usage');
    const model = textOf(at(record, 'model'));
    return {
      recordId: requestId || textOf(at(record, 'event_id')),
      traceId: textOf(at(record, 'trace_id')),
      spanId: textOf(at(record, 'span_id')),
      requestIds: [requestId, textOf(at(record, 'event_id'))],
      startUs,
      endUs: timeOf(at(record, 'completed_at')) ?? endAfter(startUs, at(record, 'duration_ms')),
      failed: /\b(?:failed|error)$/.test(status),
      operation: 'chat',
      provider: textOf(at(record, 'provider')),
      providerNames: langWatchGateway.providerNames,
      requestModel: model,
      responseModel: model,
      stream: isTrue(at(record, 'streaming')),
      usage: usageOf({
        input: firstCount(at(usage, 'input_tokens'), at(usage, 'prompt_tokens')),
        output: firstCount(at(usage, 'output_tokens'), at(usage, 'completion_tokens')),
        cacheRead: firstCount(at(usage, 'cache_read_tokens'), at(usage, 'cache_read_input_tokens')),
        cacheWrite: firstCount(at(usage, 'cache_write_tokens'), at(usage, 'cache_creation_input_tokens')),
        reasoning: firstCount(at(usage, 'reasoning_tokens')),
      }),
      cacheReplay: isTrue(at(record, 'cache_hit')),
      costUsd: /\bsettled$/.test(status) ? null : costIn(at(record, 'cost')),
      vouched: entriesAt(
        record,
        ['organization_id'],
        ['project_id'],
        ['team_id'],
        ['virtual_key_id'],
        ['principal_user_id'],
      ),
      claimed: [
        ...entriesAt(record, ['end_user_id'], ['labels']),
        ...taggedEntries('metadata', at(record, 'metadata')),
      ],
    };
  },
);

/** The whole number is the exact one. */
function costIn(cost: unknown): string | null {
  return usdOf(at(cost, 'nano_usd'), NANO_USD) ?? usdOf(at(cost, 'total_usd'));
}
