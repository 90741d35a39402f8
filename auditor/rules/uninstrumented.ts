import type { Span } from '../../schemas/span.js';
import { SpanKind } from '../../schemas/span.js';
import { modelHosts } from '../../schemas/model-hosts.js';
import { attributeOf } from '../trace/carried.js';
import type { SpanNode } from '../trace/trace.js';
import { traceRule } from './rule.js';

export const uninstrumented = traceRule({
  id: 'uninstrumented',
  severity: 'error',
  question: 'observation',
  summary: 'A request to a known model host has no call span above or below it: spend that nobody counts.',
  why: 'HTTP is instrumented and the model client is not, as often in ESM applications: the request is seen and its tokens are not.',
  fix: () =>
    'Instrument the model client of that service: run it with `node --import waybill/register`, or add its OpenTelemetry package.',
  example: {
    route: ['web all', 'web client server.address=api.openai.com http.request.method=POST'],
  },
  *check({ nodes }) {
    const known = new Map<SpanNode, boolean>();
    for (const node of nodes) {
      const host = modelHostOf(node.span);
      if (host === null || node.span.call !== null || node.hasCallBelow || hasCallAbove(node, known)) continue;
      yield {
        spanId: node.span.spanId,
        message: `${node.span.service} sent a request to ${host}, and no span says what it asked or cost.`,
      };
    }
  },
});

/** The model host that a span sends a request to; null where it does not. */
function modelHostOf({ kind, attributes }: Span): string | null {
  if (kind !== SpanKind.client) return null;
  const method = attributeOf(attributes, 'http.request.method') ?? attributeOf(attributes, 'http.method') ?? 'POST';
  const host = attributeOf(attributes, 'server.address') ?? attributeOf(attributes, 'net.peer.name') ?? '';
  const isModelHost = modelHosts.some((one) => one.host.test(host.toLowerCase()));
  return isModelHost && method.toUpperCase() === 'POST' ? host : null;
}

/** Whether a call lies above; what is found out is kept, so that no way up is walked twice. */
function hasCallAbove(node: SpanNode, known: Map<SpanNode, boolean>): boolean {
  const walked: SpanNode[] = [];
  let above: SpanNode | null = node;
  let answer = false;
  while (above !== null) {
    const before = known.get(above);
    if (before !== undefined) {
      answer = before;
      break;
    }
    walked.push(above);
    above = above.parent;
    if (above !== null && above.span.call !== null) {
      answer = true;
      break;
    }
  }
  for (const one of walked) known.set(one, answer);
  return answer;
}
