import { agentGateway } from './agentgateway.js';
import { aiSdk } from './ai-sdk.js';
import { aiSdkLegacy } from './ai-sdk-legacy.js';
import { bifrost } from './bifrost.js';
import { cloudflare } from './cloudflare.js';
import type { Dialect } from './dialect.js';
import { langfuse } from './langfuse.js';
import { langSmith } from './langsmith.js';
import { langWatchGateway } from './langwatch-gateway.js';
import { liteLlm } from './litellm.js';
import { mastra } from './mastra.js';
import { openInference } from './openinference.js';
import { openLit } from './openlit.js';
import { otelGenAi } from './otel-genai.js';
import { traceloop } from './traceloop.js';

/** Every dialect, the most particular first: where a span's scope is unknown, the first whose marks it bears reads it. */
export const dialects: readonly Dialect[] = [
  liteLlm,
  langWatchGateway,
  agentGateway,
  bifrost,
  cloudflare,
  langfuse,
  openInference,
  aiSdkLegacy,
  aiSdk,
  mastra,
  langSmith,
  traceloop,
  openLit,
  otelGenAi,
];
