import type { Context, Span } from '@opentelemetry/api';
import { context, diag, propagation, trace } from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';
import { BlockList, isIP } from 'node:net';
import { SIGNATURE_KEY } from '../schemas/attributes.js';
import type { Field } from './attribution-fields.js';
import { attributionKeys, fields, usableValue } from './attribution-fields.js';
import {
  attributionIn,
  baggageWith,
  contextWithOnly,
  contextWithout,
  contextWithUsable,
  sayOf,
  stamp,
} from './attribution.js';
import type { Gateway } from './carriers.js';
import { attributionInCarrier } from './carriers.js';
import type { Headers } from './carry-attribution.js';

/** Where a server takes the attribution of a request from. A field is a value, or is found in the request. */
export type RequestAttribution<Request> = {
  readonly [F in Field]?: string | ((request: Request) => string | null | undefined) | undefined;
} & {
  /**
   * Whose attribution baggage is believed. By default nobody's: what a public entry is told by its callers is removed.
   * Addresses or networks of hops (`['10.0.0.0/8', '127.0.0.1']`), compared with the connection's own other end and
   * never with a header; or a function over the request, say one that looks at a client certificate.
   */
  readonly trust?: readonly string[] | ((request: Request) => boolean) | undefined;
  /**
   * The gateway in whose headers `WAYBILL_CARRIERS` or `carrierHeaders` of a trusted hop put attribution: what baggage
   * does not say is taken from there. Headers of callers that `trust` does not name are passed over.
   */
  readonly carrier?: Gateway | undefined;
};

/** How the request of a framework is read. */
export interface Reading<Request> {
  /** Address of the connection's other end. */
  readonly peerOf: (request: Request) => string | undefined;
  readonly headersOf: (request: Request) => Headers;
}

/** What is used of a request that leads to Node's own socket and headers, as Express and Fastify have it. */
export interface Connected {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: Headers;
}

export const ofConnected: Reading<Connected> = {
  peerOf: ({ socket }) => socket.remoteAddress,
  headersOf: ({ headers }) => headers,
};

/**
 * Makes what runs the rest of a request with its attribution: removes what an untrusted caller claimed, from the
 * context and from the server's span, and puts what the options say in its place. Only what the rest throws is thrown:
 * a function of the options that fails is a warning in the OpenTelemetry log, and its field is left out.
 */
export function createRequestAttribution<Request>(options: RequestAttribution<Request>, reading: Reading<Request>) {
  const isTrusted = trustOf(options.trust, reading);
  const warned = new Set<string>();
  function attempt<T>(what: string, ask: () => T): T | undefined {
    try {
      return ask();
    } catch (error) {
      if (!warned.has(what))
        diag.warn(`Attribution: ${what} failed: ${error instanceof Error ? error.message : String(error)}`);
      warned.add(what);
      return undefined;
    }
  }
  return <T>(request: Request, rest: () => T): T => {
    const usable: Partial<Record<Field, string>> = {};
    for (const field of fields) {
      const from = options[field];
      const given = typeof from === 'function' ? attempt(field, () => from(request)) : from;
      // Null: no one is logged in, say. It is not a bad value, and not worth a warning.
      const value = usableValue(field, given ?? undefined);
      if (value !== undefined) usable[field] = value;
    }
    const active = context.active();
    const spans = spansOf(active);
    if (attempt('trust', () => isTrusted(request)) !== true) {
      for (const span of spans) removeClaims(span);
      sayOf(spans, usable, () => contextWithout(active));
      return context.with(contextWithOnly(active, usable), rest);
    }
    const { carrier } = options;
    const base = carrier === undefined ? active : withCarried(active, carrier, reading.headersOf(request));
    const heard = attributionIn(base);
    for (const span of spans) stamp(span, heard);
    sayOf(spans, usable, () => base);
    return context.with(contextWithUsable(base, usable), rest);
  };
}

/** A context with what a gateway's headers say, under what its baggage says. */
function withCarried(ctx: Context, gateway: Gateway, headers: Headers): Context {
  // Heard, and not said here: this process does not sign it.
  return propagation.setBaggage(
    ctx,
    baggageWith(ctx, { ...attributionInCarrier(gateway, headers), ...attributionIn(ctx) }),
  );
}

/** The spans of the request that are open: the active one, and the server's own above a framework's. */
function spansOf(ctx: Context): readonly Span[] {
  const active = trace.getSpan(ctx);
  const server = getRPCMetadata(ctx)?.span;
  return [active, server === active ? undefined : server].filter((span) => span !== undefined);
}

/** What an untrusted caller may have had stamped on the span of the server. */
const CLAIMS: readonly string[] = [...attributionKeys, SIGNATURE_KEY];

/**
 * The server's span began before anybody could judge its caller, with the caller's claims on it. OpenTelemetry has no
 * call to take an attribute back.
 */
function removeClaims({ attributes }: Span & { readonly attributes?: unknown }): void {
  if (typeof attributes !== 'object' || attributes === null) return;
  for (const key of CLAIMS) if (key in attributes) Reflect.deleteProperty(attributes, key);
}

/** Other ends that are remembered: hops that send requests are few, and a look into a `BlockList` takes long. */
const MAX_JUDGED = 1_000;

function trustOf<Request>(
  trust: RequestAttribution<Request>['trust'],
  { peerOf }: Reading<Request>,
): (request: Request) => boolean {
  if (typeof trust === 'function') return trust;
  if (trust === undefined || trust.length === 0) return () => false;
  const list = new BlockList();
  for (const network of trust) add(list, network);
  const judged = new Map<string, boolean>();
  return (request) => {
    const peer = peerOf(request);
    if (peer === undefined) return false;
    let isTrusted = judged.get(peer);
    if (isTrusted === undefined) {
      isTrusted = isIn(list, peer);
      if (judged.size >= MAX_JUDGED) judged.clear();
      judged.set(peer, isTrusted);
    }
    return isTrusted;
  };
}

function isIn(list: BlockList, peer: string): boolean {
  // Servers that listen on IPv6, too, see IPv4 callers as `::ffff:10.0.0.1`.
  const address = peer.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function add(list: BlockList, network: string): void {
  const [address = '', bits] = network.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  try {
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  } catch {
    diag.error(
      `Attribution: trust names '${network}', which is no address or network such as 10.0.0.0/8; nobody is trusted by it.`,
    );
  }
}
