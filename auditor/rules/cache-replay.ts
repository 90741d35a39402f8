import { factsOf } from '../cost/billing.js';
import { rule } from './rule.js';

export const cacheReplay = rule({
  id: 'cache-replay',
  severity: 'info',
  question: 'cost',
  defeats: null,
  summary: "The answer came from the gateway's cache; it costs nothing.",
  why: 'Replays repeat the usage, and in some gateways the cost, of the answer that was cached; counted again, they make spend out of nothing.',
  fix: () => 'Nothing needs to change; do not add up what replays report.',
  example: {
    route: ['web all', 'litellm all replay call=gpt-4o in=1000 out=100'],
  },
  when: ({ call }) => factsOf(call).cacheReplay,
  *check({ call }) {
    yield { spanId: call.span.spanId, message: `${call.span.service} answered from its cache.` };
  },
});
