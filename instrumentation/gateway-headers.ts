import { diag } from '@opentelemetry/api';
import type { ClientRequest } from 'node:http';
import { getAttribution } from './attribution.js';
import type { Gateway } from './carriers.js';
import { carrierHeaders, gateways, isGateway } from './carriers.js';

/** Requests to a host, and to hosts below it, go through a gateway. */
interface Destination {
  /** Host name, with a port where only that port is meant. */
  readonly host: string;
  readonly gateway: Gateway;
}

/** A request of `undici`, and so of `fetch`, as its diagnostics channel shows it before it is sent. */
interface UndiciRequest {
  readonly origin: string;
  /** Names and values in turns; one string of lines in old versions. */
  headers: unknown;
  readonly addHeader: (name: string, value: string) => void;
}

/** What puts attribution into the headers that gateways read, on requests that go to them. */
export interface GatewayHeaders {
  readonly addToHttp: (request: ClientRequest) => void;
  readonly addToUndici: (request: UndiciRequest) => void;
}

/** Where the gateways that someone runs for all are reached. */
const knownHosts: Partial<Readonly<Record<Gateway, string>>> = {
  portkey: 'api.portkey.ai',
  helicone: 'helicone.ai',
  cloudflare: 'gateway.ai.cloudflare.com',
};

/**
 * Reads `WAYBILL_CARRIERS`: `proxy.internal=litellm,127.0.0.1:8787=portkey` by host, or `cloudflare` alone for a gateway
 * whose host is known. What cannot be understood is a warning in the OpenTelemetry log and left out.
 */
export function destinationsFrom(carriers: string | undefined): readonly Destination[] {
  return (carriers ?? '').split(',').flatMap((one) => {
    const text = one.trim().toLowerCase();
    if (text === '') return [];
    const [first = '', second] = text.split('=', 2);
    const name = (second ?? first).trim();
    const host = second === undefined ? (isGateway(name) ? knownHosts[name] : '') : first.trim();
    if (isGateway(name) && host !== undefined && host !== '') return [{ host, gateway: name }];
    const reason = isGateway(name) ? `say at which host: proxy.internal=${name}` : `there are ${gateways.join(', ')}`;
    diag.warn(`WAYBILL_CARRIERS: '${text}' is left out: ${reason}.`);
    return [];
  });
}

/**
 * Makes what adds attribution to requests to gateways. What the application set itself is never overwritten: a header
 * of one field stays as it is, and a JSON object is added to.
 */
export function createGatewayHeaders(destinations: readonly Destination[]): GatewayHeaders {
  const gatewayAt = (host: string, port: string): Gateway | null => {
    const name = host.toLowerCase();
    const isMeant = (one: string): boolean => one === name || one === `${name}:${port}` || name.endsWith(`.${one}`);
    return destinations.find((one) => isMeant(one.host))?.gateway ?? null;
  };
  return {
    addToHttp(request) {
      if (destinations.length === 0) return;
      const gateway = gatewayAt(request.host, portOfHttp(request));
      if (gateway === null || request.headersSent) return;
      const present: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.getHeaders())) present[name] = String(value);
      for (const [name, value] of Object.entries(carrierHeaders(gateway, getAttribution(), present)))
        request.setHeader(name, value);
    },
    addToUndici(request) {
      if (destinations.length === 0) return;
      const { hostname, port, protocol } = new URL(request.origin);
      const gateway = gatewayAt(hostname, port === '' ? (protocol === 'https:' ? '443' : '80') : port);
      if (gateway === null) return;
      const list: unknown[] | null = Array.isArray(request.headers) ? request.headers : null;
      const before = list ?? linesOf(String(request.headers));
      for (const [name, value] of Object.entries(carrierHeaders(gateway, getAttribution(), recordOf(before)))) {
        const at = before.findIndex((one, i) => i % 2 === 0 && String(one).toLowerCase() === name);
        if (at === -1) request.addHeader(name, value);
        // A JSON object of the application's, with attribution added to it.
        else if (list !== null) list[at + 1] = value;
      }
    },
  };
}

/** Node keeps the port of a request only in the `Host` header that it writes, and leaves a default port out there. */
function portOfHttp(request: ClientRequest): string {
  const port = /:(\d+)$/.exec(String(request.getHeader('host') ?? ''))?.[1];
  return port ?? (request.protocol === 'https:' ? '443' : '80');
}

function linesOf(headers: string): string[] {
  return headers.split('\r\n').flatMap((line) => {
    const at = line.indexOf(':');
    return at === -1 ? [] : [line.slice(0, at), line.slice(at + 1).trim()];
  });
}

function recordOf(list: readonly unknown[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < list.length; i += 2) record[String(list[i]).toLowerCase()] = String(list[i + 1]);
  return record;
}
