import type { Span } from '@opentelemetry/api';
import { GEN_AI_PROVIDER_NAME } from '../schemas/attributes.js';
import type { Seen } from './call-span.js';
import { isSpan, markFailed, watched } from './call-span.js';
import { providerAt } from './model-endpoint.js';
import { readAnswer } from './openai-usage.js';
import type { Method } from './unknown-value.js';
import { get, isAsyncIterable, isMethod, isObject, wrapMethod } from './unknown-value.js';

/** The releases of the client of which the calls are reported. */
const RELEASES = '>=4.19.0 <8';

/** Hosts that refuse `stream_options`, or need none since their streams end with usage anyway. */
const UNASKED_HOST = /^api\.(mistral|perplexity|cohere)\.(ai|com)$/;

/** From this version on, Azure's dated API knows `stream_options`; an address without a version always does. */
const AZURE_KNOWS_STREAM_OPTIONS = '2024-09-01';

/**
 * Makes the spans of `@opentelemetry/instrumentation-openai` fit to be billed. By itself it reports neither cached nor
 * reasoning tokens, leaves streams without usage that did not ask for it, and ends the span of a stream only after the
 * last chunk, so that a stream which is cut or left, and billed all the same, would leave no span at all. The names of
 * its methods are those of 0.21; where a version has others, its spans stay as they are.
 *
 * @param options `asksForUsage`: whether chat streams ask for usage where the application does not. The chunk that is
 * sent for it is kept from the application
 */
export function completeOpenAiSpans(
  instrumentation: object,
  { asksForUsage }: { readonly asksForUsage: boolean },
): void {
  knowReleases(instrumentation);
  const unread = new WeakSet<object>();
  const isAskedByUs = new WeakSet<Span>();
  let started: Span | null = null;

  for (const name of ['_startChatCompletionsSpan', '_startEmbeddingsSpan', '_startResponsesSpan']) {
    wrapMethod(instrumentation, name, (original) => {
      return function (params, ...rest) {
        // `instructions` are content, which the package writes on the span whether content is asked for or not.
        const result = original.call(
          this,
          isCapturing(instrumentation) ? params : withoutInstructions(params),
          ...rest,
        );
        started = spanIn(result);
        if (started === null) return result;
        const provider = providerOf(rest.at(-1));
        if (provider !== null) started.setAttribute(GEN_AI_PROVIDER_NAME, provider);
        if (isObject(params) && unread.has(params)) isAskedByUs.add(started);
        return result;
      };
    });
  }

  for (const name of ['_onChatCompletionsCreateResult', '_onEmbeddingsCreateResult', '_onResponsesCreateResult']) {
    wrapMethod(instrumentation, name, (original) => {
      return function (span, startNow, attributes, result, ...rest) {
        if (isSpan(span)) span.setAttributes(readAnswer(result).usage);
        return original.call(this, span, startNow, attributes, result, ...rest);
      };
    });
  }

  for (const name of ['_onChatCompletionsStreamIterator', '_onResponsesStreamIterator']) {
    wrapMethod(instrumentation, name, (original) => {
      return function (chunks, span, ...rest) {
        if (!isSpan(span) || !isAsyncIterator(chunks)) return original.call(this, chunks, span, ...rest);
        const passed = original.call(
          this,
          watched({ [Symbol.asyncIterator]: () => chunks }, span, seen),
          span,
          ...rest,
        );
        return isAsyncIterable(passed) ? ending(passed, span, isAskedByUs.has(span)) : passed;
      };
    });
  }

  wrapCreate(instrumentation, '_getPatchedChatCompletionsCreate', (create) => {
    return function (params, ...rest) {
      const asking = asksForUsage ? askingForUsage(params, this) : null;
      if (asking !== null) unread.add(asking);
      return create.call(this, asking ?? params, ...rest);
    };
  });

  wrapCreate(instrumentation, '_getPatchedResponsesCreate', (create, own) => {
    return function (...args) {
      started = null;
      const patched = create.apply(this, args);
      const span: Span | null = started;
      const promise = own();
      // Of a stream, the package returns a plain promise, without `withResponse()`, and forgets the span if it fails.
      if (get(args[0], 'stream') !== true || !(patched instanceof Promise) || promise === null) return patched;
      patched.then(undefined, (error: unknown) => span !== null && endFailed(span, error));
      return promise;
    };
  });
}

/** The package knows the client up to 6, and its release for OpenTelemetry 3 too; what it wraps is the same in 7. */
function knowReleases(instrumentation: object): void {
  const modules = get(instrumentation, '_modules');
  for (const module of Array.isArray(modules) ? modules : []) {
    if (get(module, 'name') === 'openai') Reflect.set(module, 'supportedVersions', [RELEASES]);
  }
}

/** Wraps what the package puts in the place of a client's `create`; `own` is what the client's own last returned. */
function wrapCreate(
  instrumentation: object,
  name: string,
  around: (create: Method, own: () => unknown) => Method,
): void {
  wrapMethod(instrumentation, name, (getPatch) => {
    return function () {
      const patch = getPatch.call(this);
      if (typeof patch !== 'function') return patch;
      return (original: Method): Method => {
        let returned: unknown = null;
        const recording: Method = function (...args) {
          returned = original.apply(this, args);
          return returned;
        };
        const create: unknown = Reflect.apply(patch, this, [recording]);
        return isMethod(create) ? around(create, () => returned) : original;
      };
    };
  });
}

/** The parameters of a chat stream with usage asked for; null where it is no stream, or that is not for us to add. */
function askingForUsage(params: unknown, resource: unknown): object | null {
  if (!isObject(params) || get(params, 'stream') !== true) return null;
  const options = get(params, 'stream_options');
  // Whoever says no has a reason.
  if (isObject(options) && 'include_usage' in options) return null;
  const client = get(resource, '_client');
  const version = get(client, 'apiVersion');
  if (typeof version === 'string' && version < AZURE_KNOWS_STREAM_OPTIONS) return null;
  if (UNASKED_HOST.test(addressOf(get(client, 'baseURL'))?.hostname ?? '')) return null;
  return { ...params, stream_options: { ...(isObject(options) ? options : {}), include_usage: true } };
}

function seen(chunk: unknown): Seen {
  const { usage, isEnd } = readAnswer(chunk);
  return { attributes: usage, isEnd };
}

/** Passes chunks on, and ends the span if the package did not. */
async function* ending(chunks: AsyncIterable<unknown>, span: Span, hidesUsage: boolean): AsyncGenerator {
  try {
    for await (const chunk of chunks) {
      if (!hidesUsage || !readAnswer(chunk).isUsageOnly) yield chunk;
    }
  } catch (error) {
    endFailed(span, error);
    throw error;
  } finally {
    if (span.isRecording()) span.end();
  }
}

function endFailed(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  markFailed(span, error);
  span.end();
}

/** The provider at a client's base URL; null where the address does not tell, as a gateway's does not. */
function providerOf(baseUrl: unknown): string | null {
  const address = addressOf(baseUrl);
  if (address === null) return null;
  // Ollama runs on anyone's host; its port is what is known of it.
  return providerAt(address.hostname) ?? (address.port === '11434' ? 'ollama' : null);
}

function addressOf(url: unknown): URL | null {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url) : null;
}

function withoutInstructions(params: unknown): unknown {
  return isObject(params) && 'instructions' in params ? { ...params, instructions: undefined } : params;
}

function isCapturing(instrumentation: object): boolean {
  return get(get(instrumentation, '_config'), 'captureMessageContent') === true;
}

function spanIn(started: unknown): Span | null {
  const span = get(started, 'span');
  return isSpan(span) ? span : null;
}

function isAsyncIterator(value: unknown): value is AsyncIterator<unknown> {
  return isObject(value) && 'next' in value;
}
