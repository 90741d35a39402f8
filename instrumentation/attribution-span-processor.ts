import type { Context } from '@opentelemetry/api';
import { propagation } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { attributionKeys } from './attribution.js';

/**
 * Makes a span processor that stamps attribution from baggage on every span when it starts: `tenant.id`,
 * `feature.id`, `budget.policy.id` and `user.id`. Put it before the processor that exports.
 *
 * An attribute that the span already has is left alone: whoever set it was nearer to the work. Values are stamped as
 * they came, good or bad, since the audit is there to show bad ones.
 */
export function createAttributionSpanProcessor(): SpanProcessor {
  return {
    onStart(span, parentContext: Context) {
      const baggage = propagation.getBaggage(parentContext);
      if (baggage === undefined) return;
      for (const key of attributionKeys) {
        const value = baggage.getEntry(key)?.value;
        if (value !== undefined && span.attributes[key] === undefined) span.setAttribute(key, value);
      }
    },
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
