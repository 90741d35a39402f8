import { dialect, is } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

const usage = {
  ...genAiUsage,
  cacheReadTokens: [...genAiUsage.cacheReadTokens, 'gen_ai.usage.prompt_tokens_details.cache_read'],
  cacheWriteTokens: [...genAiUsage.cacheWriteTokens, 'gen_ai.usage.prompt_tokens_details.cache_write'],
  reasoningTokens: [
    ...genAiUsage.reasoningTokens,
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.completion_tokens_details.reasoning',
  ],
};

/** OpenLIT. It computes a cost itself, from a price list that it fetches. */
export const openLit = dialect({
  ...otelGenAi,
  id: 'openlit',
  scopes: [{ name: '@openlit/*' }, { name: 'openlit*' }],
  marks: ['gen_ai.request.user', 'gen_ai.sdk.version', 'gen_ai.application_name'],
  scopeMarks: otelGenAi.marks,
  // Its instrumentation of Anthropic hands on Anthropic's own counts.
  usage: [
    {
      ...usage,
      when: [is('gen_ai.provider.name', 'anthropic'), is('gen_ai.system', 'anthropic')],
      reasoningTokens: [],
      parts: 'beside',
    },
    usage,
  ],
  estimates: [
    { scope: { name: '@openlit/instrumentation-replicate' }, model: /./, unless: [] },
    { scope: { name: '@openlit/instrumentation-transformers' }, model: /./, unless: [] },
  ],
  cost: [{ amount: 'gen_ai.usage.cost', zeroIsUnknown: true }],
  attribution: [...otelGenAi.attribution, 'gen_ai.request.user', 'gen_ai.user.id'],
});
