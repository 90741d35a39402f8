import type { Context } from '@opentelemetry/api';
import type { Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { SIGNATURE_KEY } from '../schemas/attributes.js';
import { fields, keys } from './attribution-fields.js';
import { inheritAttribution, onSaid } from './attribution.js';
import type { Signer, Signing } from './sign-attribution.js';
import { createSigner, signatureIn } from './sign-attribution.js';
import type { SpanHooks } from './span-hooks.js';
import { processorOf } from './span-hooks.js';

/**
 * Makes a span processor that stamps attribution on every span when it starts: `tenant.id`, `feature.id`,
 * `budget.policy.id` and `user.id`. Put it before the processor that exports.
 *
 * An attribute that the span already has is left alone: whoever set it was nearer to the work. Values are stamped as
 * they came, good or bad, since the audit is there to show bad ones.
 *
 * @param options `sign`: signs what this process says itself, under `attribution.signature`
 */
export function createAttributionSpanProcessor(options: { readonly sign?: Signing | undefined } = {}): SpanProcessor {
  return processorOf([createAttributionHooks(options)]);
}

/** The same, to be put together with other hooks. */
export function createAttributionHooks(options: { readonly sign?: Signing | undefined }): SpanHooks {
  const signer = createSigner(options.sign);
  return {
    onStart(span, parentContext: Context) {
      const attribution = inheritAttribution(span, parentContext);
      for (const field of fields) {
        const value = attribution[field];
        if (value !== undefined && span.attributes[keys[field]] === undefined) span.setAttribute(keys[field], value);
      }
      const signature = signatureIn(parentContext, span.spanContext().traceId, signer);
      if (signature !== null) span.setAttribute(SIGNATURE_KEY, signature);
      // A signature over what the span showed before would look like a forgery beside what it shows now.
      if (signature !== null || signer !== null) onSaid(span, (ctx) => stampSignature(span, ctx, signer));
    },
  };
}

/** Stamps the signature that goes with a context, or takes the one away that no longer does. */
function stampSignature(span: Span, ctx: Context, signer: Signer | null): void {
  const signature = signatureIn(ctx, span.spanContext().traceId, signer);
  if (signature !== null) span.setAttribute(SIGNATURE_KEY, signature);
  else if (SIGNATURE_KEY in span.attributes) delete span.attributes[SIGNATURE_KEY];
}
