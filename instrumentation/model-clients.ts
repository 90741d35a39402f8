import type { Instrumentation } from '@opentelemetry/instrumentation';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import { reportAiSdk } from './ai-sdk.js';
import { anthropicHooks } from './anthropic-calls.js';
import { createAwsInstrumentation } from './bedrock-calls.js';
import { GoogleGenAiInstrumentation } from './google-genai.js';
import { completeOpenAiSpans } from './openai-calls.js';
import type { SpanHooks } from './span-hooks.js';
import { BEDROCK_CLIENT, UnreportedBedrock } from './unreported-bedrock.js';

/**
 * The clients of models that are hooked as ES modules. The AWS SDK is CommonJS, whoever imports it: its client is here
 * to be noticed, and instrumented without.
 */
export const HOOKED_CLIENTS: readonly string[] = ['openai', '@google/genai', BEDROCK_CLIENT];

/** What reports the calls of the clients of models. */
export interface ModelClients {
  readonly instrumentations: readonly Instrumentation[];
  readonly spanHooks: readonly SpanHooks[];
}

/**
 * Makes what reports the calls of the clients of models. `@anthropic-ai/sdk` reports them itself, and `ai` through a
 * package of its own; LangChain asks through one of these clients, so that instrumenting it, too, would count twice.
 *
 * @param env `WAYBILL_STREAM_USAGE=off`: chat streams do not ask for usage where the application does not.
 * `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true`: prompts and answers are recorded by those that can
 */
export function instrumentModelClients(env: Readonly<Record<string, string | undefined>>): ModelClients {
  const is = (name: string, word: string): boolean => env[name]?.trim().toLowerCase() === word;
  const openai = new OpenAIInstrumentation();
  completeOpenAiSpans(openai, { asksForUsage: !is('WAYBILL_STREAM_USAGE', 'off') });
  reportAiSdk({ capturesContent: is('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', 'true') });
  return {
    instrumentations: [openai, new GoogleGenAiInstrumentation(), createAwsInstrumentation(), new UnreportedBedrock()],
    spanHooks: [anthropicHooks],
  };
}
