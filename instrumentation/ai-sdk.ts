import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Context } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import { ERROR_TYPE } from '../schemas/attributes.js';
import { isSpan, STREAM_LEFT } from './call-span.js';
import { watchLeaving } from './left-streams.js';
import { get, isMethod, isObject } from './unknown-value.js';

/** Where `ai` 7 keeps the integrations that report its calls: on the global object, under this name. */
const INTEGRATIONS = 'AI_SDK_TELEMETRY_INTEGRATIONS';

/** What `@ai-sdk/otel` exports: an application that registers one of these reports its calls itself. */
const REPORTERS = ['OpenTelemetry', 'LegacyOpenTelemetry'];

/** Where `ai` says what it is doing, so that what it sends meanwhile can be told from other requests. */
const CHANNEL = 'ai:telemetry';

const EMBEDDINGS: ReadonlySet<unknown> = new Set(['embed', 'embedMany']);

const embedding = new AsyncLocalStorage<boolean>();

const CONTENT_SETTINGS = ['recordInputs', 'recordOutputs'];

/** What reports the calls: undefined before the first, and null where the application has not installed it. */
let loaded: object | null | undefined;

/**
 * Lets Vercel's `ai`, from version 7 on, report its calls through `@ai-sdk/otel`, as the application has it installed.
 * That package is loaded with the first call. Content is recorded only where a call, or `capturesContent`, asks for it:
 * by itself the package records all of it.
 */
export function reportAiSdk({ capturesContent }: { readonly capturesContent: boolean }): void {
  const integrations: unknown = Reflect.get(globalThis, INTEGRATIONS) ?? [];
  if (!Array.isArray(integrations)) return;
  Reflect.set(globalThis, INTEGRATIONS, integrations);
  const ours = new Proxy<object>(
    {},
    {
      get(_target, name) {
        placeEmbeddings(integrations);
        if (integrations.some((one) => one !== ours && isReporter(one))) return undefined;
        loaded ??= loadReporter();
        const method: unknown = typeof name === 'string' && loaded !== null ? get(loaded, name) : undefined;
        if (!isMethod(method)) return method;
        return (event: unknown, ...rest: unknown[]): unknown => {
          for (const setting of CONTENT_SETTINGS) {
            // The event is a copy that `ai` makes for each integration.
            if (isObject(event) && get(event, setting) === undefined) Reflect.set(event, setting, capturesContent);
          }
          if (name === 'onAbort') markLeft(get(event, 'callId'));
          return method.call(loaded, name === 'executeLanguageModelCall' ? watchingStream(event) : event, ...rest);
        };
      },
    },
  );
  integrations.push(ours);
  tracingChannel(CHANNEL).start.bindStore(embedding, (message) => EMBEDDINGS.has(get(message, 'type')));
}

/**
 * Whether a request that is sent now is one for embeddings, and reported though no span of its call may lie above it:
 * where a call has integrations of its own, nothing is known of their spans.
 */
export function isAiSdkEmbedding(): boolean {
  return embedding.getStore() === true && loaded !== null;
}

let isPlaced = false;

/**
 * Has requests for embeddings sent below the span of their call, so that a gateway's span lies below it, too: `ai` opens
 * no context for embeddings, as it does for everything else. The names are those of OpenTelemetry's API 1.9; where a
 * version has others, such a request lies beside its call.
 */
function placeEmbeddings(integrations: readonly unknown[]): void {
  if (isPlaced) return;
  isPlaced = true;
  const getManager = get(context, '_getContextManager');
  const store = isMethod(getManager) ? get(getManager.call(context), '_asyncLocalStorage') : undefined;
  if (!(store instanceof AsyncLocalStorage)) return;
  const active: AsyncLocalStorage<unknown> = store;
  tracingChannel(CHANNEL).start.bindStore(active, (message) => {
    if (!EMBEDDINGS.has(get(message, 'type'))) return active.getStore();
    const base = context.active();
    const callId = get(message, 'event', 'callId');
    return moving(() => latestEmbedding(integrations.find(isReporter) ?? loaded, callId) ?? base);
  });
}

/** A context that is another one each time: the span of a request is started only after the context has been opened. */
function moving(current: () => Context): Context {
  return {
    getValue: (key) => current().getValue(key),
    setValue: (key, value) => current().setValue(key, value),
    deleteValue: (key) => current().deleteValue(key),
  };
}

/** The context of the request for embeddings that a call has begun last; `embedMany` may send several at once. */
function latestEmbedding(reporter: unknown, callId: unknown): Context | null {
  const calls = get(reporter, 'callStates');
  const requests = calls instanceof Map ? get(calls.get(callId), 'embedSpans') : undefined;
  const latest: unknown = requests instanceof Map ? get([...requests.values()].at(-1), 'context') : undefined;
  return isContext(latest) ? latest : null;
}

function isContext(value: unknown): value is Context {
  return isMethod(get(value, 'getValue')) && isMethod(get(value, 'setValue'));
}

/**
 * Ends the calls whose answers nobody has read to the end. To be called when the process ends: by itself the package
 * ends none that is merely left, and one that is left only shortly before may not have been noticed yet.
 */
export function endLeftAiSdkCalls(): void {
  const calls = get(loaded, 'callStates');
  if (calls instanceof Map) for (const callId of calls.keys()) endLeft(callId);
}

/** Has the stream of a model's answer watched, where the call that is about to be made gives one. */
function watchingStream(event: unknown): unknown {
  const execute = get(event, 'execute');
  if (!isObject(event) || !isMethod(execute)) return event;
  const callId = get(event, 'callId');
  return {
    ...event,
    execute: async () => {
      const result = await execute();
      const stream = get(result, 'stream');
      if (stream instanceof ReadableStream) {
        watchLeaving(
          stream,
          (part) => get(part, 'type') === 'error',
          () => endLeft(callId),
        );
      }
      return result;
    },
  };
}

/** Ends a call, and all that belongs to it, as the package itself does when a stream is aborted. */
function endLeft(callId: unknown): void {
  markLeft(callId);
  const onAbort = get(loaded, 'onAbort');
  if (isMethod(onAbort)) onAbort.call(loaded, { callId });
}

/** Marks the call of a stream that is left or aborted; the package ends its span, and says nothing of it. */
function markLeft(callId: unknown): void {
  const calls = get(loaded, 'callStates');
  const span = calls instanceof Map ? get(calls.get(callId), 'inferenceSpan') : undefined;
  if (isSpan(span)) span.setAttribute(ERROR_TYPE, STREAM_LEFT);
}

function isReporter(integration: unknown): boolean {
  const name = get(integration, 'constructor', 'name');
  return typeof name === 'string' && REPORTERS.includes(name);
}

/** Taken from where the application has it, since it fits the very release of `ai` that it was installed with. */
function loadReporter(): object | null {
  for (const from of [process.argv[1], join(process.cwd(), 'app.js')]) {
    try {
      const reporter = get(createRequire(from ?? '')('@ai-sdk/otel'), 'OpenTelemetry');
      if (isMethod(reporter)) return Reflect.construct(reporter, [{ usage: true }]);
    } catch {
      // Where it is nowhere, the first request that nothing reports says so.
    }
  }
  return null;
}
