import { factsOf, isCounted } from '../cost/billing.js';
import { rule } from './rule.js';

export const doubleCounted = rule({
  id: 'double-counted',
  severity: 'info',
  question: 'cost',
  defeats: null,
  summary: 'Spans above the call repeat its cost; it is counted once.',
  why: 'Application and gateway both report one request, and agent spans repeat the sum of their children. Whoever adds up all spans pays twice, and a budget fires at half its limit.',
  fix: () => 'Sum the cost of billable calls, not of spans; nothing needs to change in the services.',
  example: {
    route: ['web all call=gpt-4o in=1000 out=100', 'litellm all call=gpt-4o in=1000 out=100'],
  },
  when: ({ echoes }) => echoes.length > 0,
  *check({ echoes, call }) {
    if (!isCounted(factsOf(call))) return;
    const repeating = echoes.filter((echo) => isCounted(factsOf(echo)));
    if (repeating.length === 0) return;
    yield {
      spanId: call.span.spanId,
      message: `The usage of this call is also on ${repeating.map(({ span }) => `'${span.name}' of ${span.service}`).join(', ')}; it is counted once.`,
    };
  },
});
