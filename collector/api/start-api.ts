import type { RequestListener, ServerOptions } from 'node:http';
import { listen, stopperOf } from '../listen.js';
import type { Certificate } from '../tls.js';
import { createWebServer } from '../web-server.js';

const TIMES = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  // A gateway that sends a decision on a connection just as it is closed for idleness does not get one, and cannot tell
  // whether its budget was reserved. Clients close theirs a second before what they are told here; with Node's default of
  // five seconds, a machine at its limits met that second all the time.
  keepAliveTimeout: 60_000,
};

/** Serves the API. @param times how long what is received may take @throws StartError where the port is taken */
export async function startApi(
  app: RequestListener,
  host: string,
  port: number,
  certificate: Certificate | null = null,
  times: ServerOptions = TIMES,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createWebServer(times, certificate, app);
  return { port: await listen(server, host, port, '--api-port'), [Symbol.asyncDispose]: stopperOf(server) };
}
