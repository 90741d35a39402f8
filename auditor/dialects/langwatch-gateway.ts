import { dialect, is } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

/** LangWatch's AI gateway: OpenTelemetry's words, with who pays and what it cost under its own. */
export const langWatchGateway = dialect({
  ...otelGenAi,
  id: 'langwatch-gateway',
  scopes: [],
  marks: ['langwatch.gateway_request_id', 'langwatch.provider', 'langwatch.cost_usd', 'langwatch.virtual_key_id'],
  provider: ['langwatch.provider', ...otelGenAi.provider],
  providerNames: { azure: 'azure.ai.openai', bedrock: 'aws.bedrock', vertex: 'gcp.vertex_ai', mistral: 'mistral_ai' },
  requestModel: [...otelGenAi.requestModel, 'langwatch.model'],
  modelBehindProvider: true,
  stream: [...otelGenAi.stream, is('langwatch.streaming', 'true')],
  usage: [
    {
      ...genAiUsage,
      inputTokens: [...genAiUsage.inputTokens, 'langwatch.usage.input_tokens'],
      outputTokens: [...genAiUsage.outputTokens, 'langwatch.usage.output_tokens'],
      cacheReadTokens: [...genAiUsage.cacheReadTokens, 'langwatch.usage.cache_read_tokens'],
      cacheWriteTokens: [...genAiUsage.cacheWriteTokens, 'langwatch.usage.cache_write_tokens'],
    },
  ],
  estimates: [],
  cost: [{ amount: 'langwatch.cost_usd' }],
  attribution: [
    ...otelGenAi.attribution,
    'langwatch.virtual_key_id',
    'langwatch.project_id',
    'langwatch.team_id',
    'langwatch.organization_id',
    'langwatch.principal_id',
    'langwatch.budget.decision',
  ],
});
