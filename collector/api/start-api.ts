import { createServer } from 'node:http';
import type { Express } from 'express';
import { listen, stopperOf } from '../listen.js';

/** Serves the API. @throws StartError where the port is taken */
export async function startApi(
  app: Express,
  host: string,
  port: number,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, app);
  return { port: await listen(server, host, port, '--api-port'), [Symbol.asyncDispose]: stopperOf(server) };
}
