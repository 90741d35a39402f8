import { fared } from './breaks-of.js';
import { rule } from './rule.js';

export const conflicting = rule({
  id: 'conflicting',
  severity: 'error',
  question: 'agreement',
  defeats: 'enforceable',
  misattributes: true,
  summary: 'One station shows two values of the same attribute.',
  why: 'Within one service the owner of the call changes between spans: a cached default, a context that attached to the wrong request, or code that overwrites the value. Nobody can say which one is right.',
  fix: ({ attribute }) =>
    `Set ${attribute} once per request in that service, and never overwrite what baggage brought.`,
  example: {
    route: [
      'web all',
      'litellm tenant=globex feature=chat policy=pro-monthly',
      'litellm all call=gpt-4o in=1000 out=100',
    ],
  },
  when: fared('conflicting'),
  *check({ passages, stations }, { required }) {
    for (const name of required) {
      if (passages[name].outcome !== 'conflicting') continue;
      for (const { service, values, carried, nodes } of stations) {
        const second = values[name][1];
        if (second === undefined) continue;
        const at = carried.findIndex((one) => one[name] === second);
        yield {
          attribute: name,
          spanId: nodes[at]?.span.spanId ?? '',
          // Whoever disagreed before it, the station of the call has no value at all.
          defeats: passages[name].value === null ? 'attributed' : 'enforceable',
          message: `${service} shows ${values[name].map((value) => `'${value}'`).join(' and ')} as ${name} on the way to one call.`,
        };
      }
    }
  },
});
