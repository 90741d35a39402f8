import type { GatewayRecord } from '../../schemas/payload.js';
import type { Span } from '../../schemas/span.js';
import { addTo } from '../add-to.js';
import type { CompiledContract } from '../contract.js';
import { createJoinIndex } from '../trace/join-index.js';
import { isRecord } from '../trace/record-nodes.js';
import type { SpanNode } from '../trace/trace.js';
import { buildTrace, isLeafCall } from '../trace/trace.js';
import { NEAR_US, tokenKeys } from './join-keys.js';
import type { RecordPlace } from './record-span.js';
import { recordIds, recordSpan } from './record-span.js';

/**
 * Finds the trace that each record belongs to: the one that it names; else the one in which a call has its response,
 * or a span its request; else the one with the only call of its model and token counts that ended within two seconds,
 * provided that no other record fits that call as well. A record that joins nothing keeps to itself.
 *
 * @param spans those that may be about the same requests, of any number of traces
 * @returns one place a record, in their order
 */
export function placesOf(
  records: readonly GatewayRecord[],
  spans: readonly Span[],
  contract: CompiledContract,
): RecordPlace[] {
  const byTrace = new Map<string, Span[]>();
  for (const span of spans) {
    if (isRecord(span)) continue;
    addTo(byTrace, span.traceId, span);
  }
  const nodes = [...byTrace.values()].flatMap((own) => buildTrace(own).nodes);
  const index = createJoinIndex(nodes);
  const guess = createGuess(nodes, records);

  function placeOf(record: GatewayRecord): RecordPlace {
    const { traceId, spanId, requestIds } = record;
    const own: RecordPlace =
      traceId === null
        ? { traceId: recordIds(record).traceId, parentSpanId: null, by: 'own' }
        : { traceId, parentSpanId: spanId, by: 'own' };
    if (byTrace.has(own.traceId)) return own;
    const span = recordSpan(record, own, contract);
    const answered = index.callWithResponse(span);
    if (answered !== null) return below(answered, 'response-id');
    for (const id of requestIds) {
      const requested = index.callOfRequest(id, span);
      if (requested !== null) return below(requested, 'request-id');
    }
    const guessed = guess(record);
    return guessed === null ? own : below(guessed, 'time-model-tokens');
  }

  return records.map(placeOf);
}

function below({ span }: SpanNode, by: RecordPlace['by']): RecordPlace {
  return { traceId: span.traceId, parentSpanId: span.spanId, by };
}

/** Finds calls without any id: the only one that fits a record, where the record is the only one that fits it. */
function createGuess(
  nodes: readonly SpanNode[],
  records: readonly GatewayRecord[],
): (record: GatewayRecord) => SpanNode | null {
  const callsByTokens = grouped(nodes.filter(isLeafCall), ({ span }) =>
    span.call === null ? [] : tokenKeys(span.call),
  );
  const recordsByTokens = grouped(records, ({ call }) => tokenKeys(call));
  return (record) => {
    const keys = tokenKeys(record.call);
    const fitting = new Set(keys.flatMap((key) => callsByTokens.get(key) ?? []));
    const [only, another] = [...fitting].filter(({ span }) => isNear(span.endUs, record.endUs));
    if (only === undefined || another !== undefined) return null;
    const rivals = new Set(keys.flatMap((key) => recordsByTokens.get(key) ?? []));
    const isRival = (other: GatewayRecord): boolean =>
      other !== record && other.gateway === record.gateway && isNear(other.endUs, only.span.endUs);
    return [...rivals].some(isRival) ? null : only;
  };
}

function isNear(oneUs: number, otherUs: number): boolean {
  return Math.abs(oneUs - otherUs) <= NEAR_US;
}

function grouped<T>(items: readonly T[], keysOf: (item: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keysOf(item)) addTo(groups, key, item);
  }
  return groups;
}
