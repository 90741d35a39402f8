import type { CallFacts, Span } from '../../schemas/span.js';
import { REQUEST_ID_KEYS } from '../../schemas/attributes.js';
import { addTo } from '../add-to.js';
import type { SpanNode } from './trace.js';

const REQUEST_KEYS: ReadonlySet<string> = new Set(REQUEST_ID_KEYS);

/** Finds the call that a gateway's record is about. */
export interface JoinIndex {
  /** The call that is made at a span: itself, the only one below it that fits; the span where there is none below. */
  readonly callAt: (node: SpanNode, record: Span) => SpanNode | null;
  /** The call with the record's response; of several the nearest. */
  readonly callWithResponse: (record: Span) => SpanNode | null;
  readonly callOfRequest: (requestId: string, record: Span) => SpanNode | null;
  /** The call that is like the record in model and tokens, where it is the only one. */
  readonly onlyAlike: (record: Span) => SpanNode | null;
}

/** Comparisons for the records of one trace; those of a larger one are joined by their ids alone. */
const MAX_COMPARISONS = 10_000_000;

/** Makes the index over the spans of a trace, or of several; records are none of them. */
export function createJoinIndex(nodes: readonly SpanNode[]): JoinIndex {
  const calls = leafCalls(nodes);
  const byResponse = new Map<string, SpanNode[]>();
  const byRequest = new Map<string, SpanNode[]>();
  for (const call of calls) if (call.span.call?.responseId) addTo(byResponse, call.span.call.responseId, call);
  for (const node of nodes) for (const id of requestIdsOf(node.span)) addTo(byRequest, id, node);
  let comparisons = 0;

  function alike(record: Span, among: Iterable<SpanNode>): SpanNode[] {
    comparisons += calls.size;
    return comparisons > MAX_COMPARISONS ? [] : [...among].filter(({ span }) => isAlike(span, record));
  }

  function callAt(node: SpanNode, record: Span): SpanNode | null {
    if (calls.has(node)) return node;
    comparisons += calls.size;
    if (comparisons > MAX_COMPARISONS) return null;
    const below = [...calls].filter((call) => isBelow(call, node));
    if (below.length === 0) return node;
    const [only, another] = alike(record, below);
    return another === undefined ? (only ?? null) : null;
  }

  return {
    callAt,
    callWithResponse: (record) => nearest(byResponse.get(record.call?.responseId ?? '') ?? [], record),
    callOfRequest: (requestId, record) => {
      const found = (byRequest.get(requestId) ?? []).flatMap((node) => callAt(node, record) ?? []);
      return nearest(found, record);
    },
    onlyAlike: (record) => {
      const [only, another] = alike(record, calls);
      return another === undefined ? (only ?? null) : null;
    },
  };
}

/** The ids of its request that a span carries. */
export function requestIdsOf({ attributes }: Span): string[] {
  const ids: string[] = [];
  for (let i = 0; i < attributes.length; i += 2) {
    if (REQUEST_KEYS.has(attributes[i] ?? '')) ids.push(attributes[i + 1] ?? '');
  }
  return ids;
}

/** Whether a call and a record may be one request: what both say of model and tokens is the same. */
export function isAlike({ call }: Span, { call: recorded }: Span): boolean {
  if (call === null || recorded === null) return false;
  const [a, b] = [modelsOf(call), modelsOf(recorded)];
  if (a.length > 0 && b.length > 0 && !a.some((model) => b.includes(model))) return false;
  return (
    agree(call.usage?.inputTokens, recorded.usage?.inputTokens) &&
    agree(call.usage?.outputTokens, recorded.usage?.outputTokens)
  );
}

/** Two counts agree where one of them is not known. */
function agree(one: number | null | undefined, other: number | null | undefined): boolean {
  return (one ?? other ?? 0) === (other ?? one ?? 0);
}

/** The models that a call names, as they compare. */
export function modelsOf({ requestModel, responseModel }: CallFacts): string[] {
  return [...new Set([requestModel.toLowerCase(), responseModel.toLowerCase()])].filter((model) => model !== '');
}

/** The calls without a call below them. */
function leafCalls(nodes: readonly SpanNode[]): Set<SpanNode> {
  const calls = nodes.filter(({ span }) => span.call !== null);
  const above = new Set<SpanNode>();
  for (const call of calls) {
    for (let at = call.parent; at !== null && !above.has(at); at = at.parent) above.add(at);
  }
  return new Set(calls.filter((call) => !above.has(call)));
}

function isBelow(node: SpanNode, top: SpanNode): boolean {
  let steps = 0;
  for (let at = node.parent; at !== null && steps < 1_000; at = at.parent, steps += 1) if (at === top) return true;
  return false;
}

/** Answers from a cache repeat an id: then the one that ended when the record did; its own service's before others. */
function nearest(nodes: readonly SpanNode[], { endUs, service }: Span): SpanNode | null {
  const own = nodes.filter(({ span }) => span.service === service);
  const distance = ({ span }: SpanNode): number => Math.abs(span.endUs - endUs);
  const order = (own.length > 0 ? own : nodes).toSorted(
    (a, b) => distance(a) - distance(b) || (a.span.spanId < b.span.spanId ? -1 : 1),
  );
  return order[0] ?? null;
}
