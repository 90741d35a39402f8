import type { Span } from '../../schemas/span.js';

/** The value of an attribute of a span. */
export function attribute({ attributes }: Span, key: string): string | undefined {
  const at = attributes.findIndex((one, i) => i % 2 === 0 && one === key);
  return at === -1 ? undefined : attributes[at + 1];
}

/** The spans from one up to the root, as `service name`. */
export function wayUp(span: Span, all: readonly Span[]): string[] {
  const above = all.find(({ spanId }) => spanId === span.parentSpanId);
  const own = `${span.service} ${span.name}`;
  return above === undefined ? [own] : [own, ...wayUp(above, all)];
}

/** Whose a span is: tenant, feature, policy and user. */
export const carried = (span: Span) =>
  ['tenant.id', 'feature.id', 'budget.policy.id', 'user.id'].map((key) => attribute(span, key));

/** When a trace began, microseconds since 1970. */
export const beganUs = (trace: readonly Span[]): number => Math.min(...trace.map(({ startUs }) => startUs));

/** The calls in order of start: batches that are sent at once may arrive in any order. */
export const called = (all: readonly Span[]) =>
  all.filter(({ call }) => call !== null).toSorted((a, b) => a.startUs - b.startUs);
