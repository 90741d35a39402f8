import { dialect, is, json } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

const PROVIDER_METADATA = 'ai.response.providerMetadata';

/**
 * Vercel's AI SDK before version 7, and `LegacyOpenTelemetry` of `@ai-sdk/otel`. The calls are the `do…` spans; those
 * above them are roll-ups.
 */
export const aiSdkLegacy = dialect({
  ...otelGenAi,
  id: 'ai-sdk-legacy',
  scopes: [{ name: 'ai' }],
  marks: ['ai.operationId'],
  call: {
    kind: ['ai.operationId'],
    operations: {
      'ai.generateText.doGenerate': 'chat',
      'ai.streamText.doStream': 'chat',
      'ai.generateObject.doGenerate': 'chat',
      'ai.streamObject.doStream': 'chat',
      'ai.embed.doEmbed': 'embeddings',
      'ai.embedMany.doEmbed': 'embeddings',
    },
    unnamed: null,
  },
  provider: ['ai.model.provider', 'gen_ai.system'],
  providerNames: {
    'openai.chat': 'openai',
    'openai.completion': 'openai',
    'openai.responses': 'openai',
    'openai.embedding': 'openai',
    'openai.embeddings': 'openai',
    'anthropic.messages': 'anthropic',
    'azure.chat': 'azure.ai.openai',
    'azure.completion': 'azure.ai.openai',
    'azure.responses': 'azure.ai.openai',
    'azure.embeddings': 'azure.ai.openai',
    'azure-openai.chat': 'azure.ai.openai',
    'azure-openai.completion': 'azure.ai.openai',
    'azure-openai.responses': 'azure.ai.openai',
    'azure-openai.embeddings': 'azure.ai.openai',
    'amazon-bedrock': 'aws.bedrock',
    'google.generative-ai': 'gcp.gemini',
    'google.vertex.chat': 'gcp.vertex_ai',
    'google.vertex.embedding': 'gcp.vertex_ai',
    'mistral.chat': 'mistral_ai',
    'mistral.embedding': 'mistral_ai',
    'cohere.chat': 'cohere',
    'cohere.textembedding': 'cohere',
    'groq.chat': 'groq',
    'deepseek.chat': 'deepseek',
    'xai.chat': 'x_ai',
    'xai.responses': 'x_ai',
  },
  requestModel: ['ai.model.id', ...otelGenAi.requestModel],
  responseModel: ['ai.response.model', ...otelGenAi.responseModel],
  responseId: ['ai.response.id', ...otelGenAi.responseId],
  stream: [is('ai.operationId', 'ai.streamText.doStream', 'ai.streamObject.doStream')],
  usage: [
    {
      // Version 5 hands on Anthropic's input without the cached part, later ones with it; its own counts never change.
      inputTokens: [json(PROVIDER_METADATA, 'anthropic', 'usage', 'input_tokens')],
      outputTokens: [json(PROVIDER_METADATA, 'anthropic', 'usage', 'output_tokens')],
      cacheReadTokens: [json(PROVIDER_METADATA, 'anthropic', 'usage', 'cache_read_input_tokens')],
      cacheWriteTokens: [json(PROVIDER_METADATA, 'anthropic', 'usage', 'cache_creation_input_tokens')],
      reasoningTokens: [],
      inputAudioTokens: [],
      outputAudioTokens: [],
      parts: 'beside',
    },
    {
      inputTokens: ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens', ...genAiUsage.inputTokens],
      outputTokens: ['ai.usage.outputTokens', 'ai.usage.completionTokens', ...genAiUsage.outputTokens],
      cacheReadTokens: ['ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.cachedInputTokens'],
      cacheWriteTokens: ['ai.usage.inputTokenDetails.cacheWriteTokens'],
      reasoningTokens: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
      inputAudioTokens: [],
      outputAudioTokens: [],
      parts: 'within',
    },
  ],
  estimates: [],
  cost: [],
  attribution: ['ai.telemetry.metadata.*', 'ai.settings.context.*', 'ai.telemetry.functionId', 'user.id', 'session.id'],
});
