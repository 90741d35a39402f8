// Loaded into the gateways of the demo before their own code, after `waybill/register`.
import './lifeline.js';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';

/** The gateway takes a port, but no address; the demo opens nothing to the network. */
function listenOnLoopbackOnly(): void {
  const listen = Reflect.get(http.Server.prototype, 'listen');
  Reflect.set(http.Server.prototype, 'listen', function (this: http.Server, port: unknown, ...rest: unknown[]) {
    return Reflect.apply(listen, this, [port, '127.0.0.1', rest.find((one) => typeof one === 'function')]);
  });
}

/** Lets a function see every request before anything else does, the instrumentation's server span included. */
function beforeRequests(see: (request: IncomingMessage) => void): void {
  const emit = Reflect.get(http.Server.prototype, 'emit');
  Reflect.set(http.Server.prototype, 'emit', function (this: http.Server, ...args: unknown[]) {
    const [event, request] = args;
    if (event === 'request' && request instanceof http.IncomingMessage) see(request);
    return Reflect.apply(emit, this, args);
  });
}

/** Puts another tenant into the baggage: what a gateway does that maps a shared key to one tenant. */
function rewriteTenant({ headers }: IncomingMessage, tenant: string): void {
  const { baggage } = headers;
  if (typeof baggage === 'string') headers['baggage'] = baggage.replace(/tenant\.id=[^,;]*/, `tenant.id=${tenant}`);
}

/** Routes a request that does not say where to go. */
function addRoute({ rawHeaders }: IncomingMessage, providerUrl: string): void {
  if (rawHeaders.some((name) => name.toLowerCase() === 'x-portkey-provider')) return;
  rawHeaders.push('x-portkey-provider', 'openai', 'x-portkey-custom-host', providerUrl);
}

/**
 * The gateway adds headers to the answers that it streams. With the releases of its server adapter that npm installs
 * now, those are the headers of `fetch`, which cannot be changed, and every stream fails. A copy can be changed.
 */
function makeAnswersChangeable(): void {
  const { fetch, Response, Headers } = globalThis;
  globalThis.fetch = async (input, init) => {
    const { body, status, statusText, headers } = await fetch(input, init);
    return new Response(body, { status, statusText, headers: new Headers(headers) });
  };
}

listenOnLoopbackOnly();
makeAnswersChangeable();
const { DEMO_TENANT: tenant, DEMO_PROVIDER_URL: providerUrl } = process.env;
beforeRequests((request) => {
  if (tenant !== undefined) rewriteTenant(request, tenant);
  if (providerUrl !== undefined) addRoute(request, providerUrl);
});
