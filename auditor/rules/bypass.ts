import { rule } from './rule.js';

export const bypass = rule({
  id: 'bypass',
  severity: 'error',
  question: 'policy',
  defeats: 'enforceable',
  summary: 'The contract has enforcement points, and the route crosses none.',
  why: 'Nothing on this way could stop the request, so its spend goes on after the budget is gone.',
  fix: () =>
    'Route the call through an enforcing gateway, or mark the service that can block it with `enforces: true`.',
  example: {
    route: ['web all', 'side-door all call=gpt-4o in=1000 out=100'],
    contract: { services: { litellm: { enforces: true } } },
  },
  when: ({ enforcement }) => enforcement === null,
  *check({ stations, call }) {
    yield {
      spanId: call.span.spanId,
      message: `The route ${stations.map(({ service }) => service).join(' → ')} crosses no enforcement point.`,
    };
  },
});
