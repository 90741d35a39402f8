import { dialect, json, says } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

const USAGE = 'langfuse.observation.usage_details';

/**
 * Langfuse's SDKs. Its processor stamps user, session and trace on the spans of others too: only an observation's type
 * shows that a span is its own. No provider is ever named.
 */
export const langfuse = dialect({
  ...otelGenAi,
  id: 'langfuse',
  scopes: [{ name: 'langfuse-sdk' }],
  marks: ['langfuse.observation.type'],
  call: {
    kind: ['langfuse.observation.type'],
    operations: { generation: 'chat', embedding: 'embeddings' },
    unnamed: null,
  },
  unsaidProvider: 'maker-of-model',
  requestModel: ['langfuse.observation.model.name', ...otelGenAi.requestModel],
  conversationId: ['session.id', 'langfuse.session.id', ...otelGenAi.conversationId],
  usage: [
    {
      // The usage of an OpenAI chat completion as it came.
      inputTokens: [json(USAGE, 'prompt_tokens')],
      outputTokens: [json(USAGE, 'completion_tokens')],
      cacheReadTokens: [json(USAGE, 'prompt_tokens_details', 'cached_tokens')],
      cacheWriteTokens: [],
      reasoningTokens: [json(USAGE, 'completion_tokens_details', 'reasoning_tokens')],
      inputAudioTokens: [json(USAGE, 'prompt_tokens_details', 'audio_tokens')],
      outputAudioTokens: [json(USAGE, 'completion_tokens_details', 'audio_tokens')],
      parts: 'within',
    },
    {
      // The usage of an OpenAI response as it came.
      when: [
        says(json(USAGE, 'input_tokens_details', 'cached_tokens')),
        says(json(USAGE, 'output_tokens_details', 'reasoning_tokens')),
      ],
      inputTokens: [json(USAGE, 'input_tokens')],
      outputTokens: [json(USAGE, 'output_tokens')],
      cacheReadTokens: [json(USAGE, 'input_tokens_details', 'cached_tokens')],
      cacheWriteTokens: [],
      reasoningTokens: [json(USAGE, 'output_tokens_details', 'reasoning_tokens')],
      inputAudioTokens: [],
      outputAudioTokens: [],
      parts: 'within',
    },
    {
      // Its own way, and Anthropic's: kinds of token that do not overlap.
      inputTokens: [json(USAGE, 'input'), json(USAGE, 'input_tokens')],
      outputTokens: [json(USAGE, 'output'), json(USAGE, 'output_tokens')],
      cacheReadTokens: [
        json(USAGE, 'input_cached_tokens'),
        json(USAGE, 'cache_read_input_tokens'),
        json(USAGE, 'input_cache_read'),
      ],
      cacheWriteTokens: [json(USAGE, 'cache_creation_input_tokens'), json(USAGE, 'input_cache_creation')],
      reasoningTokens: [json(USAGE, 'output_reasoning_tokens'), json(USAGE, 'output_reasoning')],
      inputAudioTokens: [json(USAGE, 'input_audio_tokens'), json(USAGE, 'input_audio')],
      outputAudioTokens: [json(USAGE, 'output_audio_tokens'), json(USAGE, 'output_audio')],
      parts: 'beside',
    },
    genAiUsage,
  ],
  estimates: [],
  cost: [{ amount: json('langfuse.observation.cost_details', 'total') }],
  attribution: [
    'user.id',
    'session.id',
    'langfuse.user.id',
    'langfuse.session.id',
    'langfuse.trace.tags',
    'langfuse.trace.metadata.*',
  ],
});
