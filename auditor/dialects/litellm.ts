import { dialect, is, json, says } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

const USAGE = 'metadata.usage_object';

/**
 * LiteLLM's own callback, SDK and proxy, first and second generation. The billable span may be the one of the HTTP
 * request, so nothing here looks at names.
 */
export const liteLlm = dialect({
  ...otelGenAi,
  id: 'litellm',
  scopes: [{ name: 'litellm' }],
  marks: [
    'litellm.call_id',
    'litellm.cost.total',
    'gen_ai.cost.total_cost',
    'metadata.user_api_key_hash',
    'hidden_params',
  ],
  scopeMarks: [...otelGenAi.marks, 'llm.request.type'],
  call: {
    kind: ['gen_ai.operation.name', 'llm.request.type'],
    operations: {
      ...otelGenAi.call.operations,
      completion: 'chat',
      acompletion: 'chat',
      responses: 'chat',
      aresponses: 'chat',
      anthropic_messages: 'chat',
      atext_completion: 'text_completion',
      agenerate_content: 'generate_content',
      generate_content_stream: 'generate_content',
      agenerate_content_stream: 'generate_content',
      embedding: 'embeddings',
      aembedding: 'embeddings',
    },
    unnamed: 'chat',
  },
  providerNames: {
    azure: 'azure.ai.openai',
    azure_ai: 'azure.ai.inference',
    bedrock: 'aws.bedrock',
    bedrock_converse: 'aws.bedrock',
    cohere_chat: 'cohere',
    mistral: 'mistral_ai',
    moonshot: 'moonshot_ai',
    'text-completion-openai': 'openai',
    watsonx: 'ibm.watsonx.ai',
  },
  // Behind an alias, the answer names the alias; what was called is the deployment.
  responseModel: ['litellm.provider.model', 'gen_ai.request.model', 'gen_ai.response.model'],
  modelBehindProvider: true,
  stream: [...otelGenAi.stream, is('llm.is_streaming', 'true'), is('litellm.request.streaming', 'true')],
  usage: [
    {
      // LiteLLM adds up Anthropic's counts itself.
      ...genAiUsage,
      inputTokens: [...genAiUsage.inputTokens, json(USAGE, 'prompt_tokens')],
      outputTokens: [...genAiUsage.outputTokens, json(USAGE, 'completion_tokens')],
      cacheReadTokens: [...genAiUsage.cacheReadTokens, json(USAGE, 'prompt_tokens_details', 'cached_tokens')],
      cacheWriteTokens: [
        ...genAiUsage.cacheWriteTokens,
        json(USAGE, 'prompt_tokens_details', 'cache_creation_tokens'),
        json(USAGE, 'cache_creation_input_tokens'),
      ],
      reasoningTokens: [...genAiUsage.reasoningTokens, json(USAGE, 'completion_tokens_details', 'reasoning_tokens')],
      inputAudioTokens: [...genAiUsage.inputAudioTokens, json(USAGE, 'prompt_tokens_details', 'audio_tokens')],
      outputAudioTokens: [...genAiUsage.outputAudioTokens, json(USAGE, 'completion_tokens_details', 'audio_tokens')],
    },
  ],
  estimates: [],
  cost: [
    { amount: 'litellm.cost.total' },
    { amount: 'gen_ai.cost.total_cost' },
    { amount: json('hidden_params', 'response_cost') },
  ],
  // Set on an answer from its cache alone, which repeats usage and cost of the first one.
  cacheReplay: [says(json('hidden_params', 'cache_key'))],
  attribution: [
    ...otelGenAi.attribution,
    'metadata.user_api_key_*',
    'metadata.team_id',
    'litellm.team.*',
    'litellm.api_key.hash',
    'litellm.end_user.id',
  ],
});
