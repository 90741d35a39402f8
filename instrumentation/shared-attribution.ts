import type { Attributes, Context, Link, Span } from '@opentelemetry/api';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attribution, Field } from './attribution-fields.js';
import { fields, keys, usableFields } from './attribution-fields.js';
import { contextWith, contextWithout } from './attribution.js';
import type { Headers } from './carry-attribution.js';
import { contextFrom } from './carry-attribution.js';

/** One of those whom a piece of work is for. */
export interface Share extends Attribution {
  /** What `attributionHeaders` gave where the work was asked for; without it the link leads to the active span. */
  readonly headers?: Headers | undefined;
}

/**
 * Runs `fn`, which does work for several at once, such as one call for a batch, in a span that links to the work of
 * each, with whose it is on the link. Inside, a field has a value only where all agree: a call for two tenants must not
 * be booked on one of them. The audit names such a call by the rule `shared-call`.
 *
 * ```ts
 * await withSharedAttribution(jobs.map(({ tenant, headers }) => ({ tenant, headers })), () => embed(jobs));
 * ```
 *
 * @returns what `fn` returns; the span ends with it, or with its promise
 * @throws only what `fn` throws
 */
export function withSharedAttribution<T>(shares: readonly Share[], fn: () => T): T {
  const active = context.active();
  const usable = shares.map((share) => ({ attribution: usableFields(share), headers: share.headers }));
  const base = contextWith(contextWithout(active), commonTo(usable.map(({ attribution }) => attribution)));
  const links = usable.flatMap((share) => linkTo(share, active) ?? []);
  const span = trace.getTracer('waybill').startSpan('shared work', { links }, base);
  return context.with(trace.setSpan(base, span), () => endingWith(span, fn));
}

function commonTo(all: readonly Attribution[]): Attribution {
  const common: Partial<Record<Field, string>> = {};
  for (const field of fields) {
    const value = all[0]?.[field];
    if (value !== undefined && all.every((one) => one[field] === value)) common[field] = value;
  }
  return common;
}

function linkTo(
  { attribution, headers }: { attribution: Attribution; headers: Headers | undefined },
  active: Context,
): Link | null {
  const linked = trace.getSpanContext(contextFrom(headers)) ?? trace.getSpanContext(active);
  if (linked === undefined) return null;
  const attributes: Attributes = {};
  for (const field of fields) attributes[keys[field]] = attribution[field];
  return { context: linked, attributes };
}

function endingWith<T>(span: Span, fn: () => T): T {
  try {
    const result = fn();
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    // Beside the promise, and not in its place: a subclass, such as a client's request, keeps its own methods.
    result.then(
      () => span.end(),
      () => fail(span),
    );
    return result;
  } catch (error) {
    fail(span);
    throw error;
  }
}

function fail(span: Span): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
