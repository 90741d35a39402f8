import type { Attributes, Span } from '@opentelemetry/api';
import { SpanKind, context, trace } from '@opentelemetry/api';
import { InstrumentationBase, InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import {
  GEN_AI_OPERATION_NAME,
  GEN_AI_PROVIDER_NAME,
  GEN_AI_REQUEST_MODEL,
  GEN_AI_REQUEST_STREAM,
  SERVER_ADDRESS,
} from '../schemas/attributes.js';
import { ending, markFailed, watched } from './call-span.js';
import { readGeminiAnswer } from './google-genai-usage.js';
import type { Method } from './unknown-value.js';
import { get, isAsyncIterable, isMethod, isObject, wrapMethod } from './unknown-value.js';

/** The methods behind the public ones, each of which sends one request; they are called so in every release up to 3. */
const METHODS = [
  { name: 'generateContentInternal', operation: 'generate_content', isStream: false },
  { name: 'generateContentStreamInternal', operation: 'generate_content', isStream: true },
  { name: 'embedContentInternal', operation: 'embeddings', isStream: false },
];

/**
 * Reports the calls of `@google/genai`, to Gemini and to Vertex AI alike: one span for each request that is billed, so
 * that the rounds of automatic function calling are calls of their own, while automatic retries share one. No content
 * is ever recorded. There is no package of OpenTelemetry's for this client, and the others know only its first release
 * and report no cached tokens.
 */
export class GoogleGenAiInstrumentation extends InstrumentationBase {
  constructor() {
    super('waybill/google-genai', '1', {});
  }

  protected override init(): InstrumentationNodeModuleDefinition {
    return new InstrumentationNodeModuleDefinition('@google/genai', ['>=1 <4'], (module: unknown) => {
      const prototype = get(module, 'Models', 'prototype');
      if (isObject(prototype)) this.#wrapModels(prototype);
      return module;
    });
  }

  #wrapModels(prototype: object): void {
    for (const { name, operation, isStream } of METHODS) {
      wrapMethod(prototype, name, (original) => this.#reporting(original, operation, isStream));
    }
  }

  #reporting(original: Method, operation: string, isStream: boolean): Method {
    const start = (resource: unknown, params: unknown): Span => this.#start(resource, params, operation, isStream);
    const isEnabled = (): boolean => this.isEnabled();
    return async function (...args) {
      if (!isEnabled()) return original.apply(this, args);
      const span = start(this, args[0]);
      try {
        const answer = await context.with(trace.setSpan(context.active(), span), () => original.apply(this, args));
        if (isStream && isAsyncIterable(answer)) return ending(watched(answer, span, readGeminiAnswer), span);
        span.setAttributes(readGeminiAnswer(answer).attributes);
        span.end();
        return answer;
      } catch (error) {
        markFailed(span, error);
        span.end();
        throw error;
      }
    };
  }

  #start(resource: unknown, params: unknown, operation: string, isStream: boolean): Span {
    const model = modelName(get(params, 'model'));
    const attributes: Attributes = {
      [GEN_AI_OPERATION_NAME]: operation,
      [GEN_AI_PROVIDER_NAME]: isVertex(resource) ? 'gcp.vertex_ai' : 'gcp.gemini',
      [GEN_AI_REQUEST_MODEL]: model,
      ...(isStream ? { [GEN_AI_REQUEST_STREAM]: true } : {}),
      ...addressOf(resource),
    };
    return this.tracer.startSpan(`${operation} ${model}`, { kind: SpanKind.CLIENT, attributes });
  }
}

/** The model by its plain name, whichever of the API's spellings the application uses. */
function modelName(model: unknown): string {
  if (typeof model !== 'string') return '';
  return model.replace(/^(?:.*\/)?models\//, '').replace(/^google\//, '');
}

function isVertex(resource: unknown): boolean {
  return ask(get(resource, 'apiClient'), 'isVertexAI') === true;
}

function addressOf(resource: unknown): Attributes {
  const url = ask(get(resource, 'apiClient'), 'getBaseUrl');
  return typeof url === 'string' && URL.canParse(url) ? { [SERVER_ADDRESS]: new URL(url).hostname } : {};
}

/** What a method without parameters says; undefined where it is not there or throws: the application must not suffer. */
function ask(target: unknown, name: string): unknown {
  const method = get(target, name);
  try {
    return isMethod(method) ? method.call(target) : undefined;
  } catch {
    return undefined;
  }
}
