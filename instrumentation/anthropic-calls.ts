import { SpanStatusCode } from '@opentelemetry/api';
import { ERROR_TYPE, GEN_AI_FINISH_REASONS, GEN_AI_OPERATION_NAME } from '../schemas/attributes.js';
import { STREAM_LEFT } from './call-span.js';
import type { SpanHooks } from './span-hooks.js';

/** The scope in which `@anthropic-ai/sdk` reports its calls itself. */
const SCOPE = 'com.anthropic.sdk.typescript';

/**
 * Marks the streams of `@anthropic-ai/sdk` which their reader left. The client reports the input that was counted when
 * they began, and ends their spans, but does not say that they were cut.
 */
export const anthropicHooks: SpanHooks = {
  onEnding(span) {
    if (span.instrumentationScope.name !== SCOPE || span.attributes[GEN_AI_OPERATION_NAME] !== 'chat') return;
    // It says OK or ERROR of all others; who leaves after the last event has its reason to finish, too.
    if (span.status.code !== SpanStatusCode.UNSET || span.attributes[GEN_AI_FINISH_REASONS] !== undefined) return;
    span.setAttribute(ERROR_TYPE, STREAM_LEFT);
  },
};
