import type { Usage } from '../../schemas/span.js';
import { rule } from './rule.js';

export const cachedTokens = rule({
  id: 'cached-tokens',
  severity: 'error',
  question: 'cost',
  defeats: 'enforceable',
  summary: 'More cached tokens than input tokens: the two are counted in different ways.',
  why: "Cached tokens are part of the input in OpenTelemetry's words, and beside it in Anthropic's own. A span that mixes the two is paid twice or never, so its cost is left unknown.",
  fix: () =>
    'Update the instrumentation so that `gen_ai.usage.input_tokens` includes cached tokens, or report the dialect that counts them apart.',
  example: {
    route: ['web all cached=4000 call=gpt-4o in=1000 out=100'],
  },
  when: ({ billing }) => cacheExceedsInput(billing.usage),
  *check({ billing, call }) {
    const { usage } = billing;
    if (!cacheExceedsInput(usage)) return;
    yield {
      spanId: call.span.spanId,
      message: `${usage.cacheReadTokens} tokens read from and ${usage.cacheWriteTokens} written to the cache exceed ${usage.inputTokens} input tokens.`,
    };
  },
});

/** Whether the cached parts of the input exceed the whole. */
export function cacheExceedsInput(usage: Usage | null): usage is Usage & { readonly inputTokens: number } {
  return (
    usage !== null && usage.inputTokens !== null && usage.cacheReadTokens + usage.cacheWriteTokens > usage.inputTokens
  );
}
