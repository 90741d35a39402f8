import { breaksOf, fared } from './breaks-of.js';
import { rule } from './rule.js';

export const dropped = rule({
  id: 'dropped',
  severity: 'error',
  question: 'survival',
  defeats: 'attributed',
  summary: 'The value was carried, then lost at a hop.',
  why: 'The edge knew who pays and the place of the call does not. Usual causes: only the trace-context propagator is registered, a proxy strips the baggage header, or a client builds its own headers.',
  fix: ({ hop }) => `Propagate baggage from ${hop.from} to ${hop.to}, or have ${hop.to} stamp it.`,
  example: {
    route: ['web all', 'agent all', 'litellm feature=chat policy=pro-monthly call=gpt-4o in=1000 out=100'],
  },
  when: fared('dropped'),
  *check(route, contract) {
    for (const { attribute, at, hop, spanId, shown } of breaksOf('dropped', route, contract)) {
      yield {
        attribute,
        hop,
        spanId,
        message: `${attribute} was '${shown[at - 1] ?? ''}' at ${hop.from} and is gone at ${hop.to}.`,
      };
    }
  },
});
