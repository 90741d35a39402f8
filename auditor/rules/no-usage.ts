import { hasFailed } from '../trace/trace.js';
import { cacheExceedsInput } from './cached-tokens.js';
import { rule } from './rule.js';

export const noUsage = rule({
  id: 'no-usage',
  severity: 'error',
  question: 'cost',
  defeats: 'enforceable',
  summary: 'No span counted the tokens of this call.',
  why: 'The provider bills it all the same: a stream that was cut, a stream without usage, a failed attempt that had produced output. Its cost is unknown, so a budget does not see it.',
  fix: () =>
    'Ask for usage in streams (`stream_options.include_usage`), and end the span with what was counted when a stream is cut.',
  example: {
    route: ['web all', 'litellm all call=gpt-4o failed'],
  },
  when: ({ billing }) => billing.costPico === null,
  *check({ billing, call }) {
    const { service } = call.span;
    if (billing.usageNode === null) {
      const what = hasFailed(call.span) ? `The attempt by ${service} failed without` : `The call by ${service} has no`;
      yield { spanId: call.span.spanId, message: `${what} token counts; what it cost is unknown.` };
    } else if (billing.priceSource !== null && !cacheExceedsInput(billing.usage)) {
      yield {
        spanId: call.span.spanId,
        message: `The token counts of the call by ${service} cannot be right; what it cost is unknown.`,
      };
    }
  },
});
