import type { Span } from '../../schemas/span.js';
import { SpanKind } from '../../schemas/span.js';
import { addTo } from '../add-to.js';
import { attributeOf } from './carried.js';

/** What is known of other traces: it may tell where a torn trace belongs. */
export interface Neighbours {
  /** The span of another trace that most likely caused this one; null where none fits. */
  readonly callerOf: (top: Span, callIds: ReadonlySet<string>) => Span | null;
}

/** Knows no other trace. */
export const noNeighbours: Neighbours = { callerOf: () => null };

/** So many client spans that started before are looked at: the one that caused a request is among the last. */
const MAX_LOOKED_AT = 1_000;

/**
 * Makes neighbours of traces that are audited together. A span is taken for the caller of another trace's top span if
 * it is a call that shares a response or conversation id with one of its calls, or the only client span that encloses
 * it in time and was sent to its address.
 *
 * @param spans gone through when a torn trace first asks, which in most cases none does
 */
export function neighboursOf(spans: Iterable<Span>): Neighbours {
  let index: CallerIndex | undefined;
  return { callerOf: (top, callIds) => callerIn((index ??= indexOf(spans)), top, callIds) };
}

/** The spans that may have caused a trace. */
interface CallerIndex {
  /** Calls by the ids of their response and conversation. */
  readonly byId: ReadonlyMap<string, readonly Span[]>;
  /** Client spans that say where they were sent, in order of start. */
  readonly clients: readonly Span[];
}

function indexOf(spans: Iterable<Span>): CallerIndex {
  const byId = new Map<string, Span[]>();
  const clients: Span[] = [];
  for (const span of spans) {
    for (const id of idsOf(span)) addTo(byId, id, span);
    if (span.kind === SpanKind.client && attributeOf(span.attributes, 'server.address') !== undefined)
      clients.push(span);
  }
  clients.sort((a, b) => a.startUs - b.startUs);
  return { byId, clients };
}

function callerIn({ byId, clients }: CallerIndex, top: Span, callIds: ReadonlySet<string>): Span | null {
  for (const id of callIds) {
    const caller = byId.get(id)?.find(({ traceId, service }) => traceId !== top.traceId && service !== top.service);
    if (caller !== undefined) return caller;
  }
  const last = lastStartedBy(clients, top.startUs);
  const near = clients.slice(Math.max(0, last + 1 - MAX_LOOKED_AT), last + 1);
  const [only, another] = near.filter((client) => encloses(client, top) && isSentTo(client, top));
  // Where several fit, any could be meant.
  return only === undefined || another !== undefined ? null : only;
}

/** Index of the last of spans in order of start that started by a time; -1 where none did. */
function lastStartedBy(spans: readonly Span[], atUs: number): number {
  let low = -1;
  let high = spans.length;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((spans[middle]?.startUs ?? Infinity) <= atUs) low = middle;
    else high = middle;
  }
  return low;
}

/** The ids by which a call can be known again: those of its response and of its conversation. */
export function idsOf({ call }: Span): string[] {
  if (call === null) return [];
  return [
    ...(call.responseId === '' ? [] : [`response ${call.responseId}`]),
    ...(call.conversationId === '' ? [] : [`conversation ${call.conversationId}`]),
  ];
}

function encloses(client: Span, { traceId, startUs, endUs }: Span): boolean {
  return client.traceId !== traceId && client.startUs <= startUs && client.endUs >= endUs;
}

/** Whether a request went to a service: to its own address, or to a host that is called as it is. */
function isSentTo(client: Span, { service, attributes }: Span): boolean {
  const host = attributeOf(client.attributes, 'server.address') ?? '';
  const port = attributeOf(client.attributes, 'server.port');
  const ownHost = attributeOf(attributes, 'server.address');
  const ownPort = attributeOf(attributes, 'server.port');
  if (ownHost === host) return port === undefined || ownPort === undefined || port === ownPort;
  return host.split('.', 1)[0] === service;
}
