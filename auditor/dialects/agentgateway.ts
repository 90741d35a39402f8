import { dialect, is, json } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

/** agentgateway: OpenTelemetry's words, older ones of its own for reasoning and audio, and its own cost. */
export const agentGateway = dialect({
  ...otelGenAi,
  id: 'agentgateway',
  scopes: [{ name: 'agentgateway' }],
  marks: ['agw.ai.usage.cost.total', 'agw.ai.usage.cost', 'agentgateway.user', 'agentgateway.group'],
  scopeMarks: otelGenAi.marks,
  providerNames: { azure: 'azure.ai.openai', bedrock: 'aws.bedrock', vertex: 'gcp.vertex_ai' },
  stream: [...otelGenAi.stream, is('llm.streaming', 'true')],
  usage: [
    {
      ...genAiUsage,
      cacheReadTokens: [...genAiUsage.cacheReadTokens, 'llm.cached_tokens'],
      reasoningTokens: [...genAiUsage.reasoningTokens, 'gen_ai.usage.reasoning_tokens', 'llm.reasoning_tokens'],
      inputAudioTokens: [...genAiUsage.inputAudioTokens, 'gen_ai.usage.input_audio_tokens'],
      outputAudioTokens: [...genAiUsage.outputAudioTokens, 'gen_ai.usage.output_audio_tokens'],
    },
  ],
  estimates: [],
  cost: [{ amount: 'agw.ai.usage.cost.total' }, { amount: json('agw.ai.usage.cost', 'total') }],
  attribution: [...otelGenAi.attribution, 'agentgateway.user', 'agentgateway.group', 'jwt.sub'],
});
