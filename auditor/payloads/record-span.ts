import { createHash } from 'node:crypto';
import { RECORD_CLAIMED, RECORD_PLACE, RECORD_REQUESTS } from '../../schemas/attributes.js';
import type { Join } from '../../schemas/audit.js';
import type { GatewayRecord } from '../../schemas/payload.js';
import type { Span } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import type { CompiledContract } from '../contract.js';

/** The instrumentation scope of the spans that records are written as. */
export const RECORD_SCOPE = 'waybill.record';

/** Where a record belongs. */
export interface RecordPlace {
  readonly traceId: string;
  /** Null where nothing is known of what is above. */
  readonly parentSpanId: string | null;
  /** How it was found; `own`: the record itself names the trace, and how it joins is seen there; `moved`: elsewhere. */
  readonly by: Join | 'own' | 'moved';
}

/** The ids that a record has as a span: always the same, so that one that comes again replaces itself. */
export interface RecordIds {
  /** Of the trace in which it stands where it joins nothing and names none. */
  readonly traceId: string;
  readonly spanId: string;
}

/** Derives a record's ids from its own. */
export function recordIds({ gateway, recordId }: Pick<GatewayRecord, 'gateway' | 'recordId'>): RecordIds {
  const hex = createHash('sha256').update(`${gateway}\0${recordId}`).digest('hex');
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32, 48) };
}

/**
 * Writes a record as a span, which makes it one more station of its route: of the service whose records they are by
 * the contract, else of one that is named after the gateway.
 */
export function recordSpan(record: GatewayRecord, place: RecordPlace, { recordsOf }: CompiledContract): Span {
  const { gateway, startUs, endUs, failed, vouched, claimed, requestIds, call } = record;
  const isMoved = place.by === 'moved';
  const onlyClaimed = without(claimed, new Set(keysOf(vouched)));
  return {
    traceId: place.traceId,
    spanId: recordIds(record).spanId,
    parentSpanId: place.parentSpanId,
    traceState: '',
    flags: 0,
    service: recordsOf.get(gateway) ?? gateway,
    scopeName: RECORD_SCOPE,
    scopeVersion: '',
    name: `${gateway} record`,
    kind: SpanKind.client,
    startUs,
    endUs,
    status: failed ? StatusCode.error : StatusCode.unset,
    droppedAttributes: 0,
    attributes: [
      RECORD_PLACE,
      place.by,
      RECORD_CLAIMED,
      JSON.stringify(keysOf(onlyClaimed)),
      RECORD_REQUESTS,
      JSON.stringify(requestIds),
      ...(isMoved ? [] : [...without(vouched, new Set()), ...onlyClaimed]),
    ],
    links: [],
    call: isMoved ? null : call,
  };
}

function keysOf(attributes: readonly string[]): string[] {
  return attributes.filter((_, i) => i % 2 === 0);
}

/** The attributes whose key is not among these, each key once. */
function without(attributes: readonly string[], keys: Set<string>): string[] {
  const left: string[] = [];
  for (let i = 0; i < attributes.length; i += 2) {
    const key = attributes[i] ?? '';
    if (keys.has(key)) continue;
    keys.add(key);
    left.push(key, attributes[i + 1] ?? '');
  }
  return left;
}
