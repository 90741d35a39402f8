import * as z from 'zod';
import { RECORD_CLAIMED, RECORD_PLACE, RECORD_REQUESTS } from '../../schemas/attributes.js';
import type { Join } from '../../schemas/audit.js';
import { joinSchema } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import { StatusCode } from '../../schemas/span.js';
import { addTo } from '../add-to.js';
import { attributeOf } from './carried.js';
import type { JoinIndex } from './join-index.js';
import { createJoinIndex, isAlike } from './join-index.js';
import type { SpanNode } from './trace.js';

/** What a span that stands for a gateway's record says of it. */
export interface RecordNode {
  readonly join: Join;
  /** The keys that only its caller vouches for. */
  readonly claimed: ReadonlySet<string>;
}

/** Whether a span stands for a gateway's record. Only Waybill writes the mark, and always first. */
export function isRecord({ attributes }: Span): boolean {
  return attributes[0] === RECORD_PLACE;
}

/** Whether a span only notes that the record which stood here, or would, is in another trace. */
export function isMoved(span: Span): boolean {
  return isRecord(span) && span.attributes[1] === 'moved';
}

/**
 * Puts the records of gateways in their place: each below the call that it is about, which thereby becomes an echo of
 * it. Of several gateways on one call, who started first is above.
 *
 * @param nodes with their parents as the spans name them
 * @returns records that say again what another one says: of two by one gateway about one answer, the one that says
 *   more stays. A failed attempt is a call of its own.
 */
export function placeRecords(nodes: readonly SpanNode[]): ReadonlySet<SpanNode> {
  const repeated = new Set<SpanNode>();
  const records = nodes.filter(({ span }) => isRecord(span) && span.call !== null);
  const index = createJoinIndex(nodes.filter(({ span }) => !isRecord(span)));
  const joined = new Map<SpanNode, SpanNode[]>();
  for (const record of records) {
    const { target, join } = targetOf(record, records, index);
    record.record = { join, claimed: new Set(stringsIn(record.span, RECORD_CLAIMED)) };
    if (target === null) continue;
    record.parent = target;
    record.top = null;
    addTo(joined, target, record);
  }
  for (const [target, below] of joined) chain(target, below, repeated);
  return repeated;
}

interface Target {
  readonly target: SpanNode | null;
  readonly join: Join;
}

function targetOf({ span, parent }: SpanNode, records: readonly SpanNode[], index: JoinIndex): Target {
  const placed = joinSchema.safeParse(attributeOf(span.attributes, RECORD_PLACE));
  const under = parent === null || isRecord(parent.span) ? null : index.callAt(parent, span);
  if (under !== null) return { target: under, join: placed.success ? placed.data : 'span' };
  const answered = index.callWithResponse(span);
  if (answered !== null) return { target: answered, join: 'response-id' };
  for (const id of stringsIn(span, RECORD_REQUESTS)) {
    const target = index.callOfRequest(id, span);
    if (target !== null) return { target, join: 'request-id' };
  }
  const only = index.onlyAlike(span);
  if (only !== null && !hasRival(span, records)) return { target: only, join: 'trace' };
  // Of several calls below the span that it names it may be any, or none: it stays where it says it is.
  return { target: null, join: parent === null ? 'none' : 'span' };
}

/** Whether another record of the gateway may be the answer to the same call; a failed attempt is no answer. */
function hasRival(span: Span, records: readonly SpanNode[]): boolean {
  if (hasFailed(span)) return false;
  return records.some((other) => {
    return other.span !== span && other.span.name === span.name && !hasFailed(other.span) && isAlike(other.span, span);
  });
}

function hasFailed({ status }: Span): boolean {
  return status === StatusCode.error;
}

function chain(target: SpanNode, below: readonly SpanNode[], repeated: Set<SpanNode>): void {
  const byGateway = new Map<string, SpanNode[]>();
  for (const record of below) addTo(byGateway, record.span.name, record);
  const order = [...byGateway].toSorted(([a, one], [b, other]) => startOf(one) - startOf(other) || (a < b ? -1 : 1));
  let above = target;
  for (const [, records] of order) {
    const [answer, ...others] = records.filter(({ span }) => !hasFailed(span)).toSorted(bySaying);
    for (const other of others) repeated.add(other);
    for (const record of records) record.parent = above;
    above = answer ?? above;
  }
}

function startOf(records: readonly SpanNode[]): number {
  return records.reduce((least, { span }) => Math.min(least, span.startUs), Infinity);
}

function bySaying({ span: a }: SpanNode, { span: b }: SpanNode): number {
  return factsIn(b) - factsIn(a) || b.endUs - a.endUs || (a.spanId < b.spanId ? -1 : 1);
}

function factsIn({ call }: Span): number {
  return (call?.usage === null ? 0 : 2) + (call?.reportedCostUsd === null ? 0 : 1);
}

const strings = z.array(z.string());

function stringsIn({ attributes }: Span, key: string): string[] {
  const text = attributeOf(attributes, key);
  return text === undefined ? [] : strings.parse(JSON.parse(text));
}
