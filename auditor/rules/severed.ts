import type { CompiledContract } from '../contract.js';
import type { Route } from '../trace/audited-route.js';
import { idsOf } from '../trace/neighbours.js';
import { rule } from './rule.js';

export const severed = rule({
  id: 'severed',
  severity: 'error',
  question: 'observation',
  defeats: 'enforceable',
  summary: 'The route does not begin where requests enter: its upper part is missing.',
  why: 'What lies above is not known, so neither is who caused the call. Either telemetry is lost, a hop does not forward the trace context, or work was started outside the context of its request.',
  fix: () =>
    "Forward 'traceparent' on every hop, run jobs inside the context of the request that caused them, and check that every service above exports its spans.",
  example: {
    route: ['litellm orphan all call=gpt-4o in=1000 out=100'],
  },
  when: (route, contract) => whySevered(route, contract) !== null,
  *check(route, contract) {
    const message = whySevered(route, contract);
    if (message === null) return;
    const { service, nodes } = route.stations[0];
    const top = nodes[0].span;
    const caller = route.trace.neighbours.callerOf(top, new Set(idsOf(route.call.span)));
    if (caller === null) {
      yield { spanId: top.spanId, message: `${message} What is above ${service} is not known.` };
      return;
    }
    yield {
      spanId: top.spanId,
      hop: { from: caller.service, to: service },
      message: `${message} It fits '${caller.name}' of ${caller.service} in trace ${caller.traceId}.`,
      fix: `Forward 'traceparent' from ${caller.service} to ${service}, and let ${service} take it up.`,
    };
  },
});

function whySevered({ top, stations }: Route, contract: CompiledContract): string | null {
  const { service, nodes } = stations[0];
  const { span } = nodes[0];
  if (top === 'parent-missing') {
    return `The top span of the route, '${span.name}' of ${service}, names a parent (${span.parentSpanId ?? ''}) that never came.`;
  }
  if (top === 'cycle') return `The parents of '${span.name}' of ${service} run in a circle.`;
  if (top === 'too-long') return `The route has more spans than are followed, and begins in the middle, at ${service}.`;
  if (contract.namesEntries && contract.services.get(service)?.role !== 'entry') {
    return `The trace begins at ${service}, which the contract does not name as an entry.`;
  }
  return null;
}
