import { dialect } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

/** Vercel's AI SDK from version 7 on (`@ai-sdk/otel`). Its outer spans are agents, which repeat the call below them. */
export const aiSdk = dialect({
  ...otelGenAi,
  id: 'ai-sdk',
  scopes: [{ name: 'gen_ai' }],
  marks: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.inputTokenDetails.noCacheTokens'],
  scopeMarks: otelGenAi.marks,
  usage: [
    {
      ...genAiUsage,
      reasoningTokens: ['ai.usage.outputTokenDetails.reasoningTokens', ...genAiUsage.reasoningTokens],
    },
  ],
  estimates: [],
  attribution: [...otelGenAi.attribution, 'ai.settings.context.*'],
});
