import type { Attributes, Span } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import { ERROR_TYPE } from '../schemas/attributes.js';
import { isObject } from './unknown-value.js';

/**
 * `error.type` of a stream that ended before the provider was done, because its reader left or aborted it. The status
 * stays unset: nothing failed. OpenTelemetry has no word for it, and a finish reason would be the provider's word.
 */
export const STREAM_LEFT = 'stream_left';

/** What one item of a stream tells beside its content. */
export interface Seen {
  /** Token counts and the like, as span attributes; what comes later replaces what came before. */
  readonly attributes: Attributes;
  /** The provider is done: what ends after this was not cut. */
  readonly isEnd: boolean;
}

/** Passes a stream on, notes on the span what it tells, and marks a stream that is left or fails. It ends no span. */
export async function* watched<T>(
  items: AsyncIterable<T>,
  span: Span,
  see: (item: T) => Seen,
): AsyncGenerator<T, void, undefined> {
  let isEnded = false;
  let hasFailed = false;
  try {
    for await (const item of items) {
      const { attributes, isEnd } = see(item);
      span.setAttributes(attributes);
      isEnded ||= isEnd;
      yield item;
    }
  } catch (error) {
    hasFailed = true;
    markFailed(span, error);
    throw error;
  } finally {
    // Clients end an aborted stream as if it were whole, so the end alone does not tell.
    if (!isEnded && !hasFailed) span.setAttribute(ERROR_TYPE, STREAM_LEFT);
  }
}

/** Passes a stream on, and ends the span after it, however it ends. */
export async function* ending<T>(items: AsyncIterable<T>, span: Span): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } finally {
    span.end();
  }
}

/** Says on a span that its call failed, and why. */
export function markFailed(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  span.setAttribute(ERROR_TYPE, error instanceof Error ? error.constructor.name : 'unknown');
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

/** Token counts as span attributes; what is no count is left out. */
export function countAttributes(counts: readonly (readonly [key: string, count: unknown])[]): Attributes {
  const found: Attributes = {};
  for (const [key, count] of counts) {
    if (isCount(count)) found[key] = count;
  }
  return found;
}

/** The sum of what are counts among these; null where none is. */
export function sumOfCounts(...counts: readonly unknown[]): number | null {
  const known = counts.filter(isCount);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}

/** Whether something is a span: what comes from a package's own parts may be anything. */
export function isSpan(value: unknown): value is Span {
  return isObject(value) && 'isRecording' in value && 'end' in value;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
