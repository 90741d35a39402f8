import type { Baggage, Context, Span } from '@opentelemetry/api';
import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
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
  const ctx = context.active();
  const span = trace.getSpan(ctx);
  if (span !== undefined) sayOf([span], usableFields(attribution), () => ctx);
}

/** The attribution of the active context. */
export function getAttribution(): Attribution {
  return { ...attributionIn(context.active()) };
}

/**
 * Says whose the work of some spans is.
 *
 * @param given usable fields
 * @param ctxOf gives what the spans are active in, or would be
 */
export function sayOf(spans: readonly (Span & Noted)[], given: Attribution, ctxOf: () => Context): void {
  sequence += 1;
  const said: Late = {};
  for (const field of fields) {
    const value = given[field];
    if (value !== undefined) said[field] = { value, since: sequence };
  }
  for (const span of spans) {
    stamp(span, given);
    const note = span[NOTE];
    const late = note === undefined ? said : { ...note.late, ...said };
    keep(span, { late, latest: sequence, afterSaid: note?.afterSaid });
    note?.afterSaid?.(trace.setSpan(ctxOf(), span));
  }
}

/** Sets attribution on a span, whatever it showed before. */
export function stamp(span: Span, attribution: Attribution): void {
  for (const field of fields) {
    const value = attribution[field];
    if (value !== undefined) span.setAttribute(keys[field], value);
  }
}

/** The attribution of a context: its baggage, and over it what `setAttribution` said of its span since. */
export function attributionIn(ctx: Context): Attribution {
  return attributionWith(ctx, lateIn(ctx));
}

function attributionWith(ctx: Context, late: Readonly<Late> | null): Attribution {
  const baggage = propagation.getBaggage(ctx);
  const before = baggage === undefined ? NONE : heardIn(ctx, baggage);
  if (late === null) return before;
  const found: { [F in Field]?: string | undefined } = { ...before };
  for (const field of fields) {
    const value = late[field]?.value;
    if (value !== undefined) found[field] = value;
  }
  return found;
}

/** The attribution in a context's baggage. */
function heardIn(ctx: Context, baggage: Baggage): Attribution {
  const saying = saidIn(ctx)?.saying;
  return saying?.baggage === baggage ? saying.attribution : attributionOf(baggage);
}

/** The fields that this process itself has said, and did not only hear from a caller: those it may sign. */
export function assertedIn(ctx: Context): Attribution {
  const asserted = saidIn(ctx)?.saying.asserted;
  const late = lateIn(ctx);
  const here = attributionIn(ctx);
  const own: Partial<Record<Field, string>> = {};
  for (const field of fields) {
    const isOwn = late?.[field] !== undefined || asserted?.has(field) === true;
    if (isOwn && here[field] !== undefined) own[field] = here[field];
  }
  return own;
}

/** A context with attribution added, as `withAttribution` has it. */
export function contextWith(ctx: Context, attribution: Attribution): Context {
  return contextWithUsable(ctx, usableFields(attribution));
}

/** A context with usable fields added. */
export function contextWithUsable(ctx: Context, given: Attribution): Context {
  const late = lateIn(ctx);
  if (late === null && propagation.getBaggage(ctx) === undefined) return contextWithOnly(ctx, given);
  const before = attributionIn(ctx);
  const asserted = new Set(saidIn(ctx)?.saying.asserted);
  let isChanged = false;
  for (const field of fields) {
    if (given[field] !== undefined || late?.[field] !== undefined) asserted.add(field);
    isChanged ||= given[field] !== undefined && given[field] !== before[field];
  }
  // What was signed upstream was signed for other values: kept beside these, it would look like a forgery.
  return contextSaying(ctx, sayingIn(ctx, { ...before, ...given }, asserted, isChanged ? [SIGNATURE_KEY] : []));
}

/** A context with usable fields in place of whatever attribution it had. */
export function contextWithOnly(ctx: Context, given: Attribution): Context {
  return contextSaying(ctx, propagation.getBaggage(ctx) === undefined ? sayingAlone(given) : sayingOnly(ctx, given));
}

/** A context without any attribution: for what came from outside, and for work that is nobody's alone. */
export function contextWithout(ctx: Context): Context {
  return contextWithOnly(ctx, {});
}

/** The attribution that a new span begins with; lets it know what `setAttribution` said of the span above it. */
export function inheritAttribution(span: object & Noted, parent: Context): Attribution {
  const late = lateIn(parent);
  const before = span[NOTE];
  // Kept where there is nothing, too: spans of one shape are faster to handle, for the SDK as well.
  keep(span, late === null ? before : { late, latest: noteIn(parent)?.latest ?? 0, afterSaid: before?.afterSaid });
  return attributionWith(parent, late);
}

/** Calls `after` whenever `setAttribution` said something of a span, with the context in which it did. */
export function onSaid(span: object & Noted, after: (ctx: Context) => void): void {
  keep(span, { late: {}, latest: 0, ...span[NOTE], afterSaid: after });
}

/** The baggage of a context, with attribution in front, without what it had of attribution before. */
export function baggageWith(ctx: Context, attribution: Attribution, dropped: readonly string[] = []): Baggage {
  const own: Record<string, { value: string }> = {};
  for (const field of fields) {
    const value = attribution[field];
    if (value !== undefined) own[keys[field]] = { value };
  }
  let baggage = propagation.createBaggage(own);
  for (const [key, entry] of propagation.getBaggage(ctx)?.getAllEntries() ?? []) {
    if (!attributionKeys.includes(key) && !dropped.includes(key)) baggage = baggage.setEntry(key, entry);
  }
  return baggage;
}

/** Whether baggage is as it was put into a context here, attribution in front, and nothing was said since. */
export function isAllSaid(ctx: Context, baggage: Baggage | undefined): baggage is Baggage {
  return baggage !== undefined && saidIn(ctx)?.saying.baggage === baggage && lateIn(ctx) === null;
}

/** What a context says by us. */
interface Said {
  readonly saying: Saying;
  /** What was said of a span up to here, in the order of everything that was said in this process, is in the baggage. */
  readonly until: number;
}

/** Attribution, as it is put into contexts. */
interface Saying {
  readonly baggage: Baggage;
  /** What is in the baggage: it has not to be read out of that again. */
  readonly attribution: Attribution;
  /** The fields that this process has said. */
  readonly asserted: ReadonlySet<Field>;
}

/** Fields that were said of a span after it had started, each with its place in the order of everything said. */
type Late = Partial<Record<Field, { readonly value: string; readonly since: number }>>;

/** What is kept with a span: a context cannot be changed, and a span can. */
interface Note {
  readonly late: Readonly<Late>;
  /** Nothing of it was said later than this. */
  readonly latest: number;
  readonly afterSaid?: ((ctx: Context) => void) | undefined;
}

const SAID = createContextKey('waybill: what was said of attribution');

/** On the span itself: a `WeakMap` costs each request more than all else that is done for it, in collecting garbage. */
const NOTE = Symbol('waybill: what was said of this span');

interface Noted {
  [NOTE]?: Note | undefined;
}

let sequence = 0;

function contextSaying(ctx: Context, saying: Saying): Context {
  const said: Said = { saying, until: sequence };
  return propagation.setBaggage(ctx, saying.baggage).setValue(SAID, said);
}

function sayingIn(
  ctx: Context,
  attribution: Attribution,
  asserted: ReadonlySet<Field>,
  dropped: readonly string[],
): Saying {
  return { baggage: baggageWith(ctx, attribution, dropped), attribution, asserted };
}

function sayingOnly(ctx: Context, given: Attribution): Saying {
  return sayingIn(ctx, given, new Set(fields.filter((field) => given[field] !== undefined)), [SIGNATURE_KEY]);
}

/** What was said last of each user, or tenant, where there was no other baggage: mostly it is said again and again. */
const alone = new Map<string, Saying>();
const MAX_ALONE = 1_000;

function sayingAlone(given: Attribution): Saying {
  const id = given.user ?? given.tenant ?? '';
  const before = alone.get(id);
  if (before !== undefined && fields.every((field) => before.attribution[field] === given[field])) return before;
  const saying = sayingOnly(ROOT_CONTEXT, { ...given });
  if (alone.size >= MAX_ALONE) alone.clear();
  alone.set(id, saying);
  return saying;
}

function saidIn(ctx: Context): Said | undefined {
  const said = ctx.getValue(SAID);
  return isSaid(said) ? said : undefined;
}

/** The key is our own, and nobody else can set it. */
function isSaid(value: unknown): value is Said {
  return value !== undefined;
}

const NONE: Attribution = {};

function attributionOf(baggage: Baggage): Attribution {
  const found: Partial<Record<Field, string>> = {};
  for (const field of fields) {
    const value = baggage.getEntry(keys[field])?.value;
    if (value !== undefined) found[field] = value;
  }
  return found;
}

/** What was said of the span of a context since its baggage was put together; null where nothing was. */
function lateIn(ctx: Context): Readonly<Late> | null {
  const note = noteIn(ctx);
  if (note === undefined) return null;
  const until = saidIn(ctx)?.until ?? 0;
  if (note.latest <= until) return null;
  const { late } = note;
  const newer: Late = {};
  let isAny = false;
  for (const field of fields) {
    const one = late[field];
    if (one === undefined || one.since <= until) continue;
    newer[field] = one;
    isAny = true;
  }
  return isAny ? newer : null;
}

/** What is kept with the span of a context. */
function noteIn(ctx: Context): Note | undefined {
  const span: (Span & Noted) | undefined = trace.getSpan(ctx);
  return span?.[NOTE];
}

function keep(span: object & Noted, note: Note | undefined): void {
  try {
    span[NOTE] = note;
  } catch {
    // Whoever froze a span does without what is said late.
  }
}
