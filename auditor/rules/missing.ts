import { fared } from './breaks-of.js';
import { rule } from './rule.js';

export const missing = rule({
  id: 'missing',
  severity: 'error',
  question: 'presence',
  defeats: 'attributed',
  summary: 'No station on the route carries a required attribute.',
  why: 'Spend without an owner: no budget sees it, and no chargeback can name who caused it. Often the edge never set the attribute, or a job ran outside the context of its request.',
  fix: ({ attribute, key }) =>
    `Set ${attribute} where the request is authenticated, and let it travel as baggage under '${key}'.`,
  example: {
    route: [
      'web feature=chat policy=pro-monthly',
      'litellm feature=chat policy=pro-monthly call=gpt-4o in=1000 out=100',
    ],
  },
  when: fared('missing'),
  *check({ passages, call, stations }, { required, source }) {
    for (const name of required) {
      if (passages[name].outcome !== 'missing') continue;
      const services = stations.map(({ service }) => service).join(' → ');
      yield {
        attribute: name,
        spanId: call.span.spanId,
        message: `No station of ${services} carries ${name} ('${source.attributes[name].key}').`,
      };
    }
  },
});
