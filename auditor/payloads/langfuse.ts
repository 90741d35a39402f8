import { readCall } from '../dialects/read-call.js';
import { adapter } from './adapter.js';
import { attributesAt, entriesAt, hasKeys, objectAt, spanIdAt, textAt, timeAt, traceIdAt, usdAt } from './fields.js';
import { makeRecord } from './make-record.js';

/** Langfuse's export of observations: what its spans say, under other names. All of it is the caller's word. */
export const langfuseExport = adapter({
  gateway: 'langfuse',
  recognises: (record) => hasKeys(record, 'traceId', 'startTime', 'type') || hasKeys(record, 'usageDetails'),
  read: (record) => {
    const type = textAt(record, ['type']).toLowerCase();
    if (type !== 'generation' && type !== 'embedding')
      return { reason: `is a ${type || 'thing'}, not a call to a model` };
    const model = textAt(record, ['model'], ['providedModelName'], ['internalModelId']);
    const facts = readCall('langfuse-sdk', '', [
      'langfuse.observation.type',
      type,
      'langfuse.observation.model.name',
      model,
      'langfuse.observation.usage_details',
      JSON.stringify(objectAt(record, ['usageDetails'])),
    ]);
    return makeRecord({
      gateway: 'langfuse',
      recordId: textAt(record, ['id']),
      traceId: traceIdAt(record, ['traceId']),
      // With its OpenTelemetry SDK an observation has the id of its span.
      spanId: spanIdAt(record, ['id']) ?? spanIdAt(record, ['parentObservationId']),
      requestIds: [textAt(record, ['id'])],
      startUs: timeAt(record, [['startTime']], 'ms'),
      endUs: timeAt(record, [['endTime']], 'ms'),
      failed: textAt(record, ['level']).toUpperCase() === 'ERROR',
      call: {
        operation: facts?.operation ?? 'chat',
        provider: facts?.provider ?? '',
        requestModel: model,
        conversationId: textAt(record, ['sessionId']),
        usage: facts?.usage ?? null,
        reportedCostUsd: usdAt(record, [['calculatedTotalCost'], ['totalCost'], ['costDetails', 'total']]),
      },
      claimed: [...attributesAt(record, ['userId'], ['sessionId'], ['tags']), ...entriesAt(record, ['metadata'])],
    });
  },
});
