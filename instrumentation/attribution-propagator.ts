import type { Baggage, BaggageEntry, Context, TextMapPropagator } from '@opentelemetry/api';
import { diag, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  CompositePropagator,
  isTracingSuppressed,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { SIGNATURE_KEY } from '../schemas/attributes.js';
import { attributionIn, baggageWith, isAllSaid } from './attribution.js';
import type { Signer, Signing } from './sign-attribution.js';
import { createSigner, signatureIn } from './sign-attribution.js';

/** What `W3CBaggagePropagator` sends at most; the rest it drops in silence, in order of insertion. */
const MAX_BYTES = 8_192;
const MAX_MEMBERS = 180;
const MAX_MEMBER_BYTES = 4_096;

/**
 * Makes a propagator of W3C trace context and baggage that sends attribution first, so that no limit on the way (8,192
 * bytes and 180 members in JavaScript, 64 members in Go and Java) can cost it. What does not fit is left out from the
 * end; the first time, a warning in the OpenTelemetry log names it.
 *
 * @param options `sign`: signs what this process says itself, inside a trace; give the span processor the same
 */
export function createAttributionPropagator(options: { readonly sign?: Signing | undefined } = {}): TextMapPropagator {
  const baggage = createBaggagePropagator(createSigner(options.sign));
  return new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), baggage] });
}

/**
 * Makes a propagator of baggage alone, attribution first.
 *
 * @param signer what signs; null where nothing is signed
 */
export function createBaggagePropagator(signer: Signer | null): TextMapPropagator {
  const w3c = new W3CBaggagePropagator();
  const order = createOrder(signer);
  return {
    inject(ctx, carrier, setter) {
      // Written here and not by `w3c`, which would encode each member a second time.
      const { header } = order(ctx);
      if (header !== '' && !isTracingSuppressed(ctx)) setter.set(carrier, 'baggage', header);
    },
    extract: (ctx, carrier, getter) => w3c.extract(ctx, carrier, getter),
    fields: () => w3c.fields(),
  };
}

/** Makes what puts the baggage of a context in order before it is written: attribution first, and only what fits. */
export function createBaggagePreparation(signer: Signer | null): (ctx: Context) => Context {
  const order = createOrder(signer);
  return (ctx) => {
    const { baggage, left } = order(ctx);
    const fitting = left.length === 0 ? baggage : baggage.removeEntries(...left);
    return fitting === propagation.getBaggage(ctx) ? ctx : propagation.setBaggage(ctx, fitting);
  };
}

/** The baggage of a context, attribution first. */
interface Ordered {
  readonly baggage: Baggage;
  /** As much of it as is sent, as it is written. */
  readonly header: string;
  /** The keys of what is not sent. */
  readonly left: readonly string[];
}

function createOrder(signer: Signer | null): (ctx: Context) => Ordered {
  let hasWarned = false;
  return (ctx) => {
    const ordered = fit(withAttributionFirst(ctx, propagation.getBaggage(ctx), signer));
    const { left } = ordered;
    if (left.length > 0 && !hasWarned) {
      hasWarned = true;
      const some = left.slice(0, 10).join(', ');
      diag.warn(
        `Baggage is over ${MAX_BYTES} bytes or ${MAX_MEMBERS} members: attribution is sent, and ${left.length} ` +
          `members are not: ${some}${left.length > 10 ? ', …' : ''}. Put less into baggage. Said once.`,
      );
    }
    return ordered;
  };
}

/** The baggage of a context, attribution in front, then its signature. */
function withAttributionFirst(ctx: Context, before: Baggage | undefined, signer: Signer | null): Baggage {
  const traceId = signer === null ? undefined : trace.getSpanContext(ctx)?.traceId;
  const signature = signatureIn(ctx, traceId ?? '', traceId === undefined ? null : signer);
  // Most often it is the very baggage that `withAttribution` or the middleware put together.
  if (signature === null && before?.getEntry(SIGNATURE_KEY) === undefined && isAllSaid(ctx, before)) return before;
  const others = baggageWith(ctx, {}, [SIGNATURE_KEY]).getAllEntries();
  let baggage = baggageWith(ROOT_CONTEXT, attributionIn(ctx));
  if (signature !== null) baggage = baggage.setEntry(SIGNATURE_KEY, { value: signature });
  for (const [key, entry] of others) baggage = baggage.setEntry(key, entry);
  return baggage;
}

/** On the baggage itself, which never changes: a process says much the same with most of its requests. */
const ORDERED = Symbol('waybill: this baggage as it is sent');

function fit(baggage: Baggage & { [ORDERED]?: Ordered }): Ordered {
  const before = baggage[ORDERED];
  if (before !== undefined) return before;
  const members: string[] = [];
  const left: string[] = [];
  let bytes = 0;
  for (const [key, entry] of baggage.getAllEntries()) {
    const member = memberOf(key, entry);
    const size = member === null ? Infinity : sizeOf(member, entry);
    if (member === null || size > MAX_MEMBER_BYTES || members.length >= MAX_MEMBERS || bytes + size + 1 > MAX_BYTES) {
      left.push(key);
      continue;
    }
    bytes += size + 1;
    members.push(member);
  }
  const ordered: Ordered = { baggage, header: members.join(','), left };
  if (Object.isExtensible(baggage)) baggage[ORDERED] = ordered;
  return ordered;
}

/** A member as `W3CBaggagePropagator` writes it; null where it cannot be written at all. */
function memberOf(key: string, { value, metadata }: BaggageEntry): string | null {
  try {
    const member = `${encodeURIComponent(key)}=${encodeURIComponent(value)}`;
    return metadata === undefined ? member : `${member};${metadata.toString()}`;
  } catch {
    // Half of a character.
    return null;
  }
}

/** Bytes on the wire: only what is not encoded may have characters of more than one. */
function sizeOf(member: string, { metadata }: BaggageEntry): number {
  return metadata === undefined ? member.length : Buffer.byteLength(member);
}
