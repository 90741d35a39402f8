import { USAGE_SOURCE } from '../../schemas/attributes.js';
import type { UsageForm } from './dialect.js';
import { dialect, is } from './dialect.js';

/** Token counts as the semantic conventions want them: parts are counted within their whole. */
export const genAiUsage: UsageForm = {
  inputTokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
  outputTokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
  cacheReadTokens: ['gen_ai.usage.cache_read.input_tokens'],
  cacheWriteTokens: ['gen_ai.usage.cache_write.input_tokens', 'gen_ai.usage.cache_creation.input_tokens'],
  reasoningTokens: ['gen_ai.usage.reasoning.output_tokens'],
  inputAudioTokens: ['gen_ai.usage.audio.input_tokens'],
  outputAudioTokens: ['gen_ai.usage.audio.output_tokens'],
  parts: 'within',
};

/** OpenTelemetry's own words: semantic conventions for generative AI, with the names that they replaced. */
export const otelGenAi = dialect({
  id: 'otel-genai',
  scopes: [
    { name: '@opentelemetry/instrumentation-openai' },
    { name: '@opentelemetry/instrumentation-aws-sdk' },
    { name: 'opentelemetry.instrumentation.openai_v2' },
    { name: 'com.anthropic.sdk.typescript' },
    { name: 'waybill/google-genai' },
  ],
  marks: ['gen_ai.operation.name', 'gen_ai.request.model', 'gen_ai.provider.name', 'gen_ai.system'],
  call: {
    kind: ['gen_ai.operation.name'],
    // Agents, workflows, tools and retrieval may carry usage, but it is that of the calls below them.
    operations: {
      chat: 'chat',
      generate_content: 'generate_content',
      text_completion: 'text_completion',
      embeddings: 'embeddings',
    },
    unnamed: 'chat',
  },
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  requestModel: ['gen_ai.request.model'],
  responseModel: ['gen_ai.response.model'],
  responseId: ['gen_ai.response.id'],
  conversationId: ['gen_ai.conversation.id'],
  stream: [is('gen_ai.request.stream', 'true')],
  usage: [genAiUsage],
  estimates: [
    {
      // InvokeModel's answers of these two families hold no counts: it divides their characters by 6, unless our own
      // instrumentation finds the counts that Bedrock sends beside them.
      scope: { name: '@opentelemetry/instrumentation-aws-sdk' },
      model: /cohere\.command|mistral/,
      unless: [is('rpc.method', 'Converse', 'ConverseStream'), is(USAGE_SOURCE, 'provider')],
    },
  ],
  cost: [
    { amount: 'gen_ai.usage.cost.amount', currency: 'gen_ai.usage.cost.currency' },
    { amount: 'gen_ai.usage.cost' },
  ],
  cacheReplay: [],
  attribution: [
    'user.id',
    'enduser.id',
    'session.id',
    'gen_ai.conversation.id',
    'gen_ai.agent.id',
    'gen_ai.agent.name',
  ],
});
