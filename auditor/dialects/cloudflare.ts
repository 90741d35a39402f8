import { dialect } from './dialect.js';
import { otelGenAi } from './otel-genai.js';

/** Cloudflare AI Gateway. The metadata of a request stands on the span bare: the contract's keys and aliases find it. */
export const cloudflare = dialect({
  ...otelGenAi,
  id: 'cloudflare',
  scopes: [],
  marks: ['gen_ai.model.provider'],
  provider: ['gen_ai.model.provider', ...otelGenAi.provider],
  providerNames: {
    'aws-bedrock': 'aws.bedrock',
    'azure-openai': 'azure.ai.openai',
    'google-ai-studio': 'gcp.gemini',
    'google-vertex-ai': 'gcp.vertex_ai',
    grok: 'x_ai',
    mistral: 'mistral_ai',
    'perplexity-ai': 'perplexity',
  },
  modelBehindProvider: true,
  estimates: [],
  cost: [{ amount: 'gen_ai.usage.cost' }],
});
