import type { Usage } from '../../schemas/span.js';
import { makerOf } from '../dialects/provider.js';
import { readCall } from '../dialects/read-call.js';
import { adapter } from './adapter.js';
import { entriesAt, taggedEntries } from './entries.js';
import { at, firstText, has, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['generation', 'chat'],
  ['embedding', 'embeddings'],
]);

/** An observation of Langfuse's export. It names no provider, and all it says of who asked is the caller's word. */
export const langfuse = adapter(
  'langfuse',
  (record) => has(record, 'id', 'traceId', 'type', 'startTime'),
  (record) => {
    const id = textOf(at(record, 'id'));
    const type = textOf(at(record, 'type')).toLowerCase();
    const operation = OPERATIONS.get(type);
    if (operation === undefined) {
      return {
        reason: `The langfuse observation ${id} is of type ${textOf(at(record, 'type')) || '(none)'}: only generations are calls.`,
      };
    }
    const model = firstText(at(record, 'model'), at(record, 'providedModelName'));
    const details = at(record, 'usageDetails');
    return {
      recordId: id,
      traceId: textOf(at(record, 'traceId')),
      spanId: id,
      requestIds: [id],
      startUs: timeOf(at(record, 'startTime')),
      endUs: timeOf(at(record, 'endTime')),
      failed: textOf(at(record, 'level')) === 'ERROR',
      operation,
      provider: makerOf(model),
      requestModel: model,
      conversationId: textOf(at(record, 'sessionId')),
      usage: usageIn(details),
      costUsd: pricedUsd(usdOf(at(record, 'calculatedTotalCost')) ?? usdOf(at(record, 'costDetails', 'total')), false),
      vouched: entriesAt(record, ['projectId']),
      claimed: [
        ...entriesAt(record, ['userId'], ['sessionId'], ['tags']),
        ...taggedEntries('metadata', at(record, 'metadata')),
      ],
    };
  },
);

/** The same details as on Langfuse's spans, by the same rules. */
function usageIn(details: unknown): Usage | null {
  return (
    readCall('langfuse-sdk', '', [
      'langfuse.observation.type',
      'generation',
      'langfuse.observation.usage_details',
      JSON.stringify(details),
    ])?.usage ?? null
  );
}
