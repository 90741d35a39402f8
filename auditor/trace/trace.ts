import type { Span } from '../../schemas/span.js';
import { StatusCode } from '../../schemas/span.js';
import type { Carried } from './carried.js';
import type { Neighbours } from './neighbours.js';
import { noNeighbours } from './neighbours.js';
import type { RecordNode } from './record-nodes.js';
import { isRecord, placeRecords } from './record-nodes.js';

/** Why a span has no parent in its trace: it is a root, its parent never came, or the parents run in a circle. */
export type Top = 'root' | 'parent-missing' | 'cycle';

/** A span in its place in the tree. */
export interface SpanNode {
  readonly span: Span;
  parent: SpanNode | null;
  /** Why `parent` is null; null where there is a parent. */
  top: Top | null;
  /** Whether a call lies anywhere below, in any service. */
  hasCallBelow: boolean;
  /** Calls without a call below them in this subtree, itself included. */
  leaves: number;
  /** Those of them that did not fail. */
  unfailedLeaves: number;
  /** What the span carries, once it was looked at: several calls share the upper part of their routes. */
  carried: Carried | null;
  /** Its `Mark`s, known once `carried` is. */
  marks: number;
  /** What it says as a gateway's record; null where it is an ordinary span. */
  record: RecordNode | null;
}

/** The spans of one trace as a tree, or several where it is torn. */
export interface Trace {
  readonly traceId: string;
  /** One node a span id, in order of start, then of span id. */
  readonly nodes: readonly SpanNode[];
  readonly byId: ReadonlyMap<string, SpanNode>;
  /** Whether any of them stands for a gateway's record. */
  readonly hasRecords: boolean;
  /** Other traces that are audited with it. */
  readonly neighbours: Neighbours;
}

/**
 * Builds the tree of a trace.
 *
 * Neither order nor duplicates of the spans matter: of spans with one id, the one that ended last is taken, then the
 * one that says most. A circle of parents is cut above its earliest span.
 *
 * @param spans spans of one trace, at least one
 */
export function buildTrace(spans: readonly Span[], neighbours: Neighbours = noNeighbours): Trace {
  const byId = new Map<string, SpanNode>();
  for (const span of withoutDuplicates(spans)) {
    byId.set(span.spanId, {
      span,
      parent: null,
      top: null,
      hasCallBelow: false,
      leaves: 0,
      unfailedLeaves: 0,
      carried: null,
      marks: 0,
      record: null,
    });
  }
  const nodes = [...byId.values()].toSorted(inOrder);
  for (const node of nodes) {
    const { parentSpanId } = node.span;
    const parent = parentSpanId === null ? undefined : byId.get(parentSpanId);
    node.parent = parent ?? null;
    node.top = parent !== undefined ? null : parentSpanId === null ? 'root' : 'parent-missing';
  }
  cutCircles(nodes);
  const hasRecords = nodes.some(({ span }) => isRecord(span));
  const placed = hasRecords ? withRecordsPlaced(nodes, byId) : nodes;
  markCalls(placed);
  return { traceId: nodes[0]?.span.traceId ?? '', nodes: placed, byId, hasRecords, neighbours };
}

function withRecordsPlaced(nodes: readonly SpanNode[], byId: Map<string, SpanNode>): readonly SpanNode[] {
  const repeated = placeRecords(nodes);
  for (const { span } of repeated) byId.delete(span.spanId);
  return nodes.filter((node) => !repeated.has(node));
}

function withoutDuplicates(spans: readonly Span[]): Iterable<Span> {
  const kept = new Map<string, Span>();
  for (const span of spans) {
    const other = kept.get(span.spanId);
    if (other === undefined || saysMore(span, other)) kept.set(span.spanId, span);
  }
  return kept.values();
}

/** A total order over spans with one id, so that the choice does not depend on which came first. */
function saysMore(span: Span, other: Span): boolean {
  if (span.endUs !== other.endUs) return span.endUs > other.endUs;
  if (span.attributes.length !== other.attributes.length) return span.attributes.length > other.attributes.length;
  return JSON.stringify(span) > JSON.stringify(other);
}

function inOrder({ span: a }: SpanNode, { span: b }: SpanNode): number {
  return a.startUs - b.startUs || (a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0);
}

/** Walks up from every node once; a walk that meets itself has found a circle. */
function cutCircles(nodes: readonly SpanNode[]): void {
  const walkOf = new Map<SpanNode, number>();
  nodes.forEach((start, walk) => {
    let node: SpanNode | null = start;
    while (node !== null && !walkOf.has(node)) {
      walkOf.set(node, walk);
      node = node.parent;
    }
    if (node !== null && walkOf.get(node) === walk) cutAboveEarliest(node);
  });
}

function cutAboveEarliest(onCircle: SpanNode): void {
  let earliest = onCircle;
  for (let node = onCircle.parent; node !== null && node !== onCircle; node = node.parent) {
    if (inOrder(node, earliest) < 0) earliest = node;
  }
  earliest.parent = null;
  earliest.top = 'cycle';
}

function markCalls(nodes: readonly SpanNode[]): void {
  for (const node of nodes) {
    if (node.span.call === null) continue;
    for (let above = node.parent; above !== null && !above.hasCallBelow; above = above.parent)
      above.hasCallBelow = true;
  }
  const openChildren = new Map<SpanNode, number>();
  for (const { parent } of nodes) if (parent !== null) openChildren.set(parent, (openChildren.get(parent) ?? 0) + 1);
  // From the bottom up, each node once: a walk from every leaf would be quadratic in a deep trace.
  const ready = nodes.filter((node) => !openChildren.has(node));
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    if (isLeafCall(node)) {
      node.leaves += 1;
      node.unfailedLeaves += hasFailed(node.span) ? 0 : 1;
    }
    const { parent } = node;
    if (parent === null) continue;
    parent.leaves += node.leaves;
    parent.unfailedLeaves += node.unfailedLeaves;
    const left = (openChildren.get(parent) ?? 0) - 1;
    openChildren.set(parent, left);
    if (left === 0) ready.push(parent);
  }
}

/** Whether the span is a billable call: a call without a call below it. */
export function isLeafCall(node: SpanNode): boolean {
  return node.span.call !== null && !node.hasCallBelow;
}

/** Whether the attempt ended in an error. */
export function hasFailed(span: Span): boolean {
  return span.status === StatusCode.error;
}
