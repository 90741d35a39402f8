import { dialect } from './dialect.js';
import { genAiUsage, otelGenAi } from './otel-genai.js';

const usage = {
  ...genAiUsage,
  cacheReadTokens: [...genAiUsage.cacheReadTokens, 'gen_ai.usage.cache_read_input_tokens'],
  cacheWriteTokens: [...genAiUsage.cacheWriteTokens, 'gen_ai.usage.cache_creation_input_tokens'],
  reasoningTokens: [...genAiUsage.reasoningTokens, 'gen_ai.usage.reasoning_tokens'],
};

/** Traceloop's OpenLLMetry. */
export const traceloop = dialect({
  ...otelGenAi,
  id: 'traceloop',
  scopes: [{ name: '@traceloop/*' }, { name: 'traceloop.*' }],
  marks: ['traceloop.span.kind', 'traceloop.workflow.name', 'traceloop.entity.name', 'llm.request.type'],
  scopeMarks: otelGenAi.marks,
  call: {
    kind: ['gen_ai.operation.name', 'llm.request.type'],
    operations: { ...otelGenAi.call.operations, completion: 'text_completion', embedding: 'embeddings' },
    unnamed: 'chat',
  },
  providerNames: {
    azure: 'azure.ai.openai',
    bedrock: 'aws.bedrock',
    aws: 'aws.bedrock',
    google: 'gcp.gemini',
    vertexai: 'gcp.vertex_ai',
    mistralai: 'mistral_ai',
  },
  // Its JavaScript instrumentation hands on Anthropic's own counts; the Python one adds them up.
  usage: [{ ...usage, scopes: [{ name: '@traceloop/instrumentation-anthropic' }], parts: 'beside' }, usage],
  stream: [...otelGenAi.stream],
  estimates: [],
  attribution: [...otelGenAi.attribution, 'traceloop.association.properties.*'],
});
