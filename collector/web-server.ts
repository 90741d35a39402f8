import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { createServer as createTlsServer } from 'node:https';
import type { Certificate } from './tls.js';

/** Creates an HTTP server: over TLS where there is a certificate, in the clear where that is null. */
export function createWebServer(
  options: ServerOptions,
  certificate: Certificate | null,
  handle: RequestListener,
): Server | TlsServer {
  if (certificate === null) return createServer(options, handle);
  const { asksClients } = certificate;
  const server = createTlsServer(
    { ...options, ...certificate.material(), requestCert: asksClients, rejectUnauthorized: asksClients },
    handle,
  );
  // Connections that are open keep the certificate that they began with.
  certificate.onChange((material) => server.setSecureContext(material));
  return server;
}
