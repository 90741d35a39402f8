import type { Context } from '@opentelemetry/api';
import type { Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** What is done to spans beside exporting them, and when. None of it may throw. */
export interface SpanHooks {
  readonly onStart?: (span: Span, parentContext: Context) => void;
  /** The last moment at which a span can be written on; SDKs before 2 do not know it. */
  readonly onEnding?: (span: Span) => void;
  readonly onEnd?: () => void;
}

/**
 * Makes one span processor of several hooks. The SDK asks each of its processors three times a span, whatever they do;
 * this one passes on only to those who want to know.
 */
export function processorOf(hooks: readonly SpanHooks[]): SpanProcessor {
  const starts = hooks.flatMap(({ onStart }) => onStart ?? []);
  const endings = hooks.flatMap(({ onEnding }) => onEnding ?? []);
  const ends = hooks.flatMap(({ onEnd }) => onEnd ?? []);
  return {
    onStart(span, parentContext) {
      for (const start of starts) start(span, parentContext);
    },
    onEnding(span) {
      for (const ending of endings) ending(span);
    },
    onEnd() {
      for (const end of ends) end();
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
