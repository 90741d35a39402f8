import type { Span } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';

/** The methods of `OpenAIInstrumentation` through which the chunks of a stream pass, with the span second. */
const STREAM_METHODS = ['_onChatCompletionsStreamIterator', '_onResponsesStreamIterator'];

/**
 * Lets the spans of streams end when the stream is cut or its reader leaves it. `@opentelemetry/instrumentation-openai`
 * ends them only after the last chunk: a cut stream, which the provider bills all the same, would leave no span, and
 * everything below it in the trace would hang in the air. A version that names its methods otherwise is left as it is.
 */
export function endCutStreams(instrumentation: object): void {
  for (const name of STREAM_METHODS) {
    const original: unknown = Reflect.get(instrumentation, name);
    if (typeof original !== 'function') continue;
    Reflect.set(instrumentation, name, function (this: unknown, ...args: unknown[]): unknown {
      const chunks: unknown = Reflect.apply(original, this, args);
      return isAsyncIterable(chunks) && isSpan(args[1]) ? ending(chunks, args[1]) : chunks;
    });
  }
}

async function* ending(chunks: AsyncIterable<unknown>, span: Span): AsyncGenerator {
  try {
    yield* chunks;
  } catch (error) {
    if (span.isRecording()) {
      const name = error instanceof Error ? error.name : 'unknown';
      span.setAttribute('error.type', name);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
    }
    throw error;
  } finally {
    if (span.isRecording()) span.end();
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isSpan(value: unknown): value is Span {
  return typeof value === 'object' && value !== null && 'isRecording' in value && 'end' in value;
}
