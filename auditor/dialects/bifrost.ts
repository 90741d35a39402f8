import { dialect } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

/** The parts of a count as Bifrost nests them: under chat completions' words, then under those of responses. */
const part = (chat: string, responses: string, name: string): readonly string[] => [
  `gen_ai.usage.${chat}_token_details.${name}`,
  `gen_ai.usage.${responses}_token_details.${name}`,
];

/** Bifrost. The dimensions of a request (`x-bf-dim-*`) stand on the span bare. */
export const bifrost = dialect({
  ...otelGenAi,
  id: 'bifrost',
  scopes: [{ name: 'bifrost*' }],
  marks: [
    'bifrost.provider.name',
    'bifrost.request.id',
    'bifrost.virtual_key.id',
    'gen_ai.virtual_key_id',
    'gen_ai.fallback_index',
  ],
  scopeMarks: otelGenAi.marks,
  provider: [...otelGenAi.provider, 'bifrost.provider.name'],
  providerNames: { azure: 'azure.ai.openai', bedrock: 'aws.bedrock', vertex: 'gcp.vertex_ai', mistral: 'mistral_ai' },
  modelBehindProvider: true,
  usage: [
    {
      ...genAiUsage,
      cacheReadTokens: [...genAiUsage.cacheReadTokens, ...part('prompt', 'input', 'cached_read_tokens')],
      cacheWriteTokens: [...genAiUsage.cacheWriteTokens, ...part('prompt', 'input', 'cached_write_tokens')],
      reasoningTokens: [...genAiUsage.reasoningTokens, ...part('completion', 'output', 'reasoning_tokens')],
      inputAudioTokens: [...genAiUsage.inputAudioTokens, ...part('prompt', 'input', 'audio_tokens')],
      outputAudioTokens: [...genAiUsage.outputAudioTokens, ...part('completion', 'output', 'audio_tokens')],
    },
  ],
  estimates: [],
  cost: [{ amount: 'gen_ai.usage.cost' }],
  attribution: [
    ...otelGenAi.attribution,
    'bifrost.virtual_key.*',
    'bifrost.team.*',
    'bifrost.customer.*',
    'bifrost.business_unit.*',
    'bifrost.user.id',
    'gen_ai.virtual_key_id',
    'gen_ai.team_id',
    'gen_ai.customer_id',
  ],
});
