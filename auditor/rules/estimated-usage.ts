import { factsOf } from '../cost/billing.js';
import { rule } from './rule.js';

export const estimatedUsage = rule({
  id: 'estimated-usage',
  severity: 'warning',
  question: 'cost',
  defeats: null,
  summary: 'The instrumentation is known to guess its token counts.',
  why: 'The cost is computed from a guess, such as characters divided by six, and will differ from the bill.',
  fix: () => "Use instrumentation that reads the provider's own counts, or join the gateway's log.",
  example: {
    route: ['web all guessed call=gpt-4o in=1000 out=100'],
  },
  when: ({ billing }) => billing.usageNode !== null && factsOf(billing.usageNode).usageEstimated,
  *check({ billing, call }) {
    const scopeName = billing.usageNode?.span.scopeName ?? '';
    yield {
      spanId: call.span.spanId,
      message: `${scopeName || 'The instrumentation'} guesses the token counts of this model.`,
    };
  },
});
