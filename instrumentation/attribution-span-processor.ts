import type { Context } from '@opentelemetry/api';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { fields, keys } from './attribution-fields.js';
import { attributionIn, inheritLate } from './attribution.js';

/**
 * Makes a span processor that stamps attribution on every span when it starts: `tenant.id`, `feature.id`,
 * `budget.policy.id` and `user.id`. Put it before the processor that exports.
 *
 * An attribute that the span already has is left alone: whoever set it was nearer to the work. Values are stamped as
 * they came, good or bad, since the audit is there to show bad ones.
 */
export function createAttributionSpanProcessor(): SpanProcessor {
  return {
    onStart(span, parentContext: Context) {
      const attribution = attributionIn(parentContext);
      inheritLate(span, parentContext);
      for (const field of fields) {
        const value = attribution[field];
        if (value !== undefined && span.attributes[keys[field]] === undefined) span.setAttribute(keys[field], value);
      }
    },
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
