/** Hosts that serve models, lower case, with OpenTelemetry's names of their providers. */
export const modelHosts: readonly { readonly host: RegExp; readonly provider: string }[] = [
  { host: /^([a-z]+\.)?api\.openai\.com$/, provider: 'openai' },
  { host: /^api\.anthropic\.com$/, provider: 'anthropic' },
  { host: /^api\.deepseek\.com$/, provider: 'deepseek' },
  { host: /^openrouter\.ai$/, provider: 'openrouter' },
  { host: /^api\.groq\.com$/, provider: 'groq' },
  { host: /^api\.mistral\.ai$/, provider: 'mistral_ai' },
  { host: /^api\.x\.ai$/, provider: 'x_ai' },
  { host: /^api\.perplexity\.ai$/, provider: 'perplexity' },
  { host: /^api\.moonshot\.(ai|cn)$/, provider: 'moonshot_ai' },
  { host: /^api\.cohere\.(com|ai)$/, provider: 'cohere' },
  { host: /\.openai\.azure\.com$/, provider: 'azure.ai.openai' },
  { host: /\.(services|models|inference)\.ai\.azure\.com$/, provider: 'azure.ai.inference' },
  { host: /^generativelanguage\.googleapis\.com$/, provider: 'gcp.gemini' },
  { host: /^([a-z0-9-]+-)?aiplatform\.googleapis\.com$/, provider: 'gcp.vertex_ai' },
  { host: /^bedrock-runtime(-fips)?\.[a-z0-9-]+\.amazonaws\.com$/, provider: 'aws.bedrock' },
];
