import type { Instrumentation } from '@opentelemetry/instrumentation';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import { createAwsInstrumentation } from './bedrock-calls.js';
import { GoogleGenAiInstrumentation } from './google-genai.js';
import { completeOpenAiSpans } from './openai-calls.js';

/** The clients of models that are instrumented as ES modules; the AWS SDK is CommonJS, whoever imports it. */
export const HOOKED_CLIENTS: readonly string[] = ['openai', '@google/genai'];

/**
 * Makes the instrumentation of the clients of models. `@anthropic-ai/sdk` needs none, since it reports its calls itself;
 * LangChain needs none, since it asks through these clients.
 *
 * @param env `WAYBILL_STREAM_USAGE=off`: chat streams do not ask for usage where the application does not
 */
export function instrumentModelClients(env: Readonly<Record<string, string | undefined>>): Instrumentation[] {
  const openai = new OpenAIInstrumentation();
  completeOpenAiSpans(openai, { asksForUsage: env['WAYBILL_STREAM_USAGE']?.trim().toLowerCase() !== 'off' });
  return [openai, new GoogleGenAiInstrumentation(), createAwsInstrumentation()];
}
