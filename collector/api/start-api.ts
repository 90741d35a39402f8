import type { RequestListener } from 'node:http';
import { listen, stopperOf } from '../listen.js';
import type { Certificate } from '../tls.js';
import { createWebServer } from '../web-server.js';

/** Serves the API. @throws StartError where the port is taken */
export async function startApi(
  app: RequestListener,
  host: string,
  port: number,
  certificate: Certificate | null = null,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createWebServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, certificate, app);
  return { port: await listen(server, host, port, '--api-port'), [Symbol.asyncDispose]: stopperOf(server) };
}
