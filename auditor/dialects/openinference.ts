import { dialect } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

/** OpenInference (Arize Phoenix and others): `llm.*`. Agents and chains repeat their children and are no calls. */
export const openInference = dialect({
  ...otelGenAi,
  id: 'openinference',
  scopes: [{ name: '@arizeai/openinference-*' }, { name: 'openinference.instrumentation.*' }],
  marks: ['openinference.span.kind'],
  call: {
    kind: ['openinference.span.kind'],
    operations: { LLM: 'chat', EMBEDDING: 'embeddings' },
    unnamed: null,
  },
  provider: ['llm.provider', 'llm.system', ...otelGenAi.provider],
  providerNames: {
    aws: 'aws.bedrock',
    amazon: 'aws.bedrock',
    azure: 'azure.ai.openai',
    google: 'gcp.gemini',
    vertexai: 'gcp.vertex_ai',
    mistralai: 'mistral_ai',
    moonshot: 'moonshot_ai',
  },
  // Frameworks that wrap a model often know its name alone.
  unsaidProvider: 'maker-of-model',
  requestModel: ['llm.model_name', 'embedding.model_name', ...otelGenAi.requestModel],
  conversationId: ['session.id', ...otelGenAi.conversationId],
  usage: [
    {
      inputTokens: ['llm.token_count.prompt'],
      outputTokens: ['llm.token_count.completion'],
      cacheReadTokens: ['llm.token_count.prompt_details.cache_read'],
      cacheWriteTokens: ['llm.token_count.prompt_details.cache_write'],
      reasoningTokens: ['llm.token_count.completion_details.reasoning'],
      inputAudioTokens: ['llm.token_count.prompt_details.audio'],
      outputAudioTokens: ['llm.token_count.completion_details.audio'],
      parts: 'within',
    },
    genAiUsage,
  ],
  estimates: [],
  cost: [{ amount: 'llm.cost.total' }],
  attribution: ['user.id', 'session.id', 'tag.tags'],
});
