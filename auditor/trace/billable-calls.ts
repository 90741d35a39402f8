import type { SpanNode, Trace } from './trace.js';
import { isLeafCall } from './trace.js';

/**
 * The calls of a trace whose cost counts, in order of start: those without a call below them.
 *
 * Two of them that name the same response of the provider are one request, reported side by side, as when a gateway's
 * span for the provider becomes a sibling of its own: the one furthest down its way counts.
 */
export function billableCalls({ nodes }: Trace): SpanNode[] {
  const leaves = nodes.filter(isLeafCall);
  const chosen = new Map<string, SpanNode>();
  for (const leaf of leaves) {
    const id = responseOf(leaf);
    if (id === '') continue;
    const other = chosen.get(id);
    if (other === undefined || depthOf(leaf) > depthOf(other)) chosen.set(id, leaf);
  }
  return leaves.filter((leaf) => responseOf(leaf) === '' || chosen.get(responseOf(leaf)) === leaf);
}

/** A replay from a gateway's cache repeats the id of the answer that was cached, and is a call of its own. */
function responseOf({ span: { call } }: SpanNode): string {
  return call?.cacheReplay === false ? call.responseId : '';
}

function depthOf(node: SpanNode): number {
  let depth = 0;
  for (let at = node.parent; at !== null && depth < 1_000; at = at.parent) depth += 1;
  return depth;
}
