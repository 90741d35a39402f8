import { SpanStatusCode } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ERROR_TYPE, GEN_AI_FINISH_REASONS, GEN_AI_OPERATION_NAME } from '../schemas/attributes.js';
import { STREAM_LEFT } from './call-span.js';

/** The scope in which `@anthropic-ai/sdk` reports its calls itself. */
const SCOPE = 'com.anthropic.sdk.typescript';

/**
 * Makes a span processor that marks the streams of `@anthropic-ai/sdk` which their reader left. The client reports the
 * input that was counted when they began, and ends their spans, but does not say that they were cut. Put it before the
 * processor that exports.
 */
export function createAnthropicSpanProcessor(): SpanProcessor {
  return {
    onStart: () => undefined,
    // The last moment at which a span can be written on; SDKs before 2 do not know it, and leave the mark out.
    onEnding(span) {
      if (span.instrumentationScope.name !== SCOPE || span.attributes[GEN_AI_OPERATION_NAME] !== 'chat') return;
      // It says OK or ERROR of all others; who leaves after the last event has its reason to finish, too.
      if (span.status.code !== SpanStatusCode.UNSET || span.attributes[GEN_AI_FINISH_REASONS] !== undefined) return;
      span.setAttribute(ERROR_TYPE, STREAM_LEFT);
    },
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
