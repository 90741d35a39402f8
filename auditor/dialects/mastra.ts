import { dialect } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

/** Mastra. Its steps and chunks name no operation of a call, and so are none. */
export const mastra = dialect({
  ...otelGenAi,
  id: 'mastra',
  scopes: [{ name: '@mastra/*' }],
  marks: ['mastra.span.type'],
  usage: [
    {
      ...genAiUsage,
      reasoningTokens: [...genAiUsage.reasoningTokens, 'gen_ai.usage.reasoning_tokens'],
      inputAudioTokens: [...genAiUsage.inputAudioTokens, 'gen_ai.usage.audio_input_tokens'],
      outputAudioTokens: [...genAiUsage.outputAudioTokens, 'gen_ai.usage.audio_output_tokens'],
    },
  ],
  estimates: [],
  attribution: [...otelGenAi.attribution, 'mastra.metadata.*'],
});
