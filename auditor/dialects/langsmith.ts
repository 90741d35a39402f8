import { dialect, json } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

const USAGE = 'langsmith.usage_metadata';
const INPUT_DETAILS = 'gen_ai.usage.input_token_details';
const OUTPUT_DETAILS = 'gen_ai.usage.output_token_details';

/** LangSmith's SDKs. Chains repeat their children and are no calls. */
export const langSmith = dialect({
  ...otelGenAi,
  id: 'langsmith',
  scopes: [{ name: 'langsmith' }],
  marks: ['langsmith.span.kind', USAGE],
  call: {
    kind: ['langsmith.span.kind', 'gen_ai.operation.name'],
    operations: { ...otelGenAi.call.operations, llm: 'chat', embedding: 'embeddings' },
    unnamed: 'chat',
  },
  provider: [...otelGenAi.provider, 'langsmith.metadata.ls_provider'],
  providerNames: {
    azure: 'azure.ai.openai',
    amazon_bedrock: 'aws.bedrock',
    google_genai: 'gcp.gemini',
    google_vertexai: 'gcp.vertex_ai',
    mistral: 'mistral_ai',
  },
  requestModel: [...otelGenAi.requestModel, 'langsmith.metadata.ls_model_name'],
  conversationId: [...otelGenAi.conversationId, 'langsmith.trace.session_id'],
  usage: [
    {
      ...genAiUsage,
      inputTokens: [...genAiUsage.inputTokens, json(USAGE, 'input_tokens')],
      outputTokens: [...genAiUsage.outputTokens, json(USAGE, 'output_tokens')],
      cacheReadTokens: [
        ...genAiUsage.cacheReadTokens,
        json(INPUT_DETAILS, 'cache_read'),
        json(USAGE, 'input_token_details', 'cache_read'),
      ],
      cacheWriteTokens: [
        ...genAiUsage.cacheWriteTokens,
        json(INPUT_DETAILS, 'cache_creation'),
        json(USAGE, 'input_token_details', 'cache_creation'),
      ],
      reasoningTokens: [
        ...genAiUsage.reasoningTokens,
        json(OUTPUT_DETAILS, 'reasoning'),
        json(USAGE, 'output_token_details', 'reasoning'),
      ],
      inputAudioTokens: [json(INPUT_DETAILS, 'audio'), json(USAGE, 'input_token_details', 'audio')],
      outputAudioTokens: [json(OUTPUT_DETAILS, 'audio'), json(USAGE, 'output_token_details', 'audio')],
    },
  ],
  estimates: [],
  cost: [{ amount: json(USAGE, 'total_cost') }],
  attribution: [...otelGenAi.attribution, 'langsmith.metadata.*', 'langsmith.trace.session_id'],
});
