import { parseDict } from '../dialects/dict.js';
import { adapter } from './adapter.js';
import { entriesAt } from './entries.js';
import { at, firstText, has, isTrue, pricedUsd, textOf, timeOf, usdOf } from './fields.js';
import { calledModel, claimedIn, liteLlmUsage, vouchedIn } from './litellm.js';

/**
 * A row of LiteLLM's SpendLogs table. `metadata` and `request_tags` may be JSON in a string, `cache_hit` is a word, and a
 * spend of 0 stands for every cost that LiteLLM does not know.
 */
export const liteLlmSpendLogs = adapter(
  'litellm',
  (record) => has(record, 'request_id', 'call_type', 'spend', 'startTime'),
  (record) => {
    const id = textOf(at(record, 'request_id'));
    const metadata = parsed(at(record, 'metadata'));
    const cacheReplay = isTrue(at(record, 'cache_hit'));
    const failed = firstText(at(record, 'status'), at(metadata, 'status')) === 'failure';
    const session = textOf(at(record, 'session_id'));
    return {
      recordId: id,
      traceId: session,
      requestIds: [id, session],
      startUs: timeOf(at(record, 'startTime')),
      endUs: timeOf(at(record, 'endTime')),
      failed,
      ...calledModel(record),
      responseId: failed ? '' : id.replace(/_cache_hit[\d.]*$/, ''),
      conversationId: session,
      usage: liteLlmUsage(record, metadata),
      cacheReplay,
      costUsd: pricedUsd(usdOf(at(record, 'spend')), cacheReplay),
      vouched: [...entriesAt(record, ['api_key'], ['user'], ['team_id'], ['organization_id']), ...vouchedIn(metadata)],
      claimed: [
        ...entriesAt(record, ['end_user']),
        ['request_tags', parsed(at(record, 'request_tags'))],
        ...claimedIn(metadata),
      ],
    };
  },
);

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? parseDict(value) : value;
}
