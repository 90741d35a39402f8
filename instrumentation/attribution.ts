import type { Baggage, Context } from '@opentelemetry/api';
import { context, createContextKey, propagation, trace } from '@opentelemetry/api';
import { SIGNATURE_KEY } from '../schemas/attributes.js';
import type { Attribution, Field } from './attribution-fields.js';
import { attributionKeys, fields, keys, usableFields } from './attribution-fields.js';

/**
 * Runs `fn` with attribution: every span started inside it carries the values, and every request made inside it
 * takes them along as W3C baggage. Call it where a request has been authenticated.
 *
 * ```ts
 * app.use((request, response, next) => withAttribution({ tenant: request.tenant, feature: 'chat' }, next));
 * ```
 *
 * A field that is left out keeps the value that the context already has. A value that is not a string of 1 to 256
 * characters without control characters is left out; the first one of each field is a warning in the OpenTelemetry log.
 * A span that is open already is not touched, since it may do the work of several: that is `setAttribution`.
 *
 * @returns what `fn` returns
 * @throws only what `fn` throws
 */
export function withAttribution<T>(attribution: Attribution, fn: () => T): T {
  return context.with(contextWith(context.active(), attribution), fn);
}

/**
 * Says whose the work of the active span is, once that is known: stamps the span, and every span and request that is
 * begun below it from now on carries the values. For places where there is no function to wrap.
 *
 * Without an active span there is nothing to hold the values, and nothing happens. Bad values are left out, as by
 * `withAttribution`. Never throws.
 */
export function setAttribution(attribution: Attribution): void {
  const span = trace.getActiveSpan();
  if (span === undefined) return;
  const given = usableFields(attribution);
  sequence += 1;
  const late: Partial<Record<Field, Late>> = { ...lateFields.get(span) };
  for (const field of fields) {
    const value = given[field];
    if (value === undefined) continue;
    late[field] = { value, since: sequence };
    span.setAttribute(keys[field], value);
  }
  lateFields.set(span, late);
  afterSaid.get(span)?.(context.active());
}

/** The attribution of the active context. */
export function getAttribution(): Attribution {
  return attributionIn(context.active());
}

/** The attribution of a context: its baggage, and over it what `setAttribution` said of its span since. */
export function attributionIn(ctx: Context): Attribution {
  const baggage = propagation.getBaggage(ctx);
  const late = lateIn(ctx);
  const found: Partial<Record<Field, string>> = {};
  for (const field of fields) {
    const value = late[field]?.value ?? baggage?.getEntry(keys[field])?.value;
    if (value !== undefined) found[field] = value;
  }
  return found;
}

/** The fields that this process itself has said, and did not only hear from a caller: those it may sign. */
export function assertedIn(ctx: Context): Attribution {
  const asserted = ctx.getValue(ASSERTED);
  const late = lateIn(ctx);
  const here = attributionIn(ctx);
  const own: Partial<Record<Field, string>> = {};
  for (const field of fields) {
    const isOwn = late[field] !== undefined || (asserted instanceof Set && asserted.has(field));
    if (isOwn && here[field] !== undefined) own[field] = here[field];
  }
  return own;
}

/** A context with attribution added, as `withAttribution` has it. */
export function contextWith(ctx: Context, attribution: Attribution): Context {
  const given = usableFields(attribution);
  const before = attributionIn(ctx);
  const own = assertedIn(ctx);
  const asserted = new Set(fields.filter((field) => given[field] !== undefined || own[field] !== undefined));
  const isChanged = fields.some((field) => given[field] !== undefined && given[field] !== before[field]);
  // What was signed upstream was signed for other values: kept beside these, it would look like a forgery.
  const baggage = baggageWith(ctx, { ...before, ...given }, isChanged ? [SIGNATURE_KEY] : []);
  return propagation.setBaggage(ctx, baggage).setValue(ASSERTED, asserted).setValue(SETTLED, sequence);
}

/** A context without any attribution: for what came from outside, and for work that is nobody's alone. */
export function contextWithout(ctx: Context): Context {
  const baggage = baggageWith(ctx, {}, [SIGNATURE_KEY]);
  return propagation.setBaggage(ctx, baggage).setValue(ASSERTED, new Set()).setValue(SETTLED, sequence);
}

/** Lets a new span know what `setAttribution` said of the span above it. */
export function inheritLate(span: object, parent: Context): void {
  const late = lateIn(parent);
  if (Object.keys(late).length > 0) lateFields.set(span, late);
}

/** Calls `after` whenever `setAttribution` said something of a span, with the context in which it did. */
export function onSaid(span: object, after: (ctx: Context) => void): void {
  afterSaid.set(span, after);
}

/** The baggage of a context, with attribution in front, without what it had of attribution before. */
export function baggageWith(ctx: Context, attribution: Attribution, dropped: readonly string[] = []): Baggage {
  let baggage = propagation.createBaggage();
  for (const field of fields) {
    const value = attribution[field];
    if (value !== undefined) baggage = baggage.setEntry(keys[field], { value });
  }
  for (const [key, entry] of propagation.getBaggage(ctx)?.getAllEntries() ?? []) {
    if (!attributionKeys.includes(key) && !dropped.includes(key)) baggage = baggage.setEntry(key, entry);
  }
  return baggage;
}

/** A field that was said of a span after it had started. */
interface Late {
  readonly value: string;
  /** Place in the order of everything that was said in this process. */
  readonly since: number;
}

const ASSERTED = createContextKey('waybill: the fields that this process has said');
const SETTLED = createContextKey('waybill: what was said up to here is in the baggage');

/** A context cannot be changed and a span can: what is said late is kept with the span, as long as that lives. */
const lateFields = new WeakMap<object, Readonly<Partial<Record<Field, Late>>>>();
const afterSaid = new WeakMap<object, (ctx: Context) => void>();
let sequence = 0;

/** What was said of the span of a context since its baggage was put together. */
function lateIn(ctx: Context): Partial<Record<Field, Late>> {
  const span = trace.getSpan(ctx);
  const late = span === undefined ? undefined : lateFields.get(span);
  const settled = ctx.getValue(SETTLED);
  const newer: Partial<Record<Field, Late>> = {};
  if (late === undefined) return newer;
  for (const field of fields) {
    const one = late[field];
    if (one !== undefined && (typeof settled !== 'number' || one.since > settled)) newer[field] = one;
  }
  return newer;
}
