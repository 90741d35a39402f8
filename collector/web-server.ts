import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { createServer as createTlsServer } from 'node:https';
import type { Certificate } from './tls.js';
import { unreadableRequests } from './unreadable-request.js';

/**
 * Creates an HTTP server: over TLS where there is a certificate, in the clear where that is null.
 *
 * @param onUnreadable is told of every message that was no HTTP request, and was answered as such
 */
export function createWebServer(
  options: ServerOptions,
  certificate: Certificate | null,
  handle: RequestListener,
  onUnreadable: () => void = () => {},
): Server | TlsServer {
  const unreadable = unreadableRequests(onUnreadable);
  const server = serverFor(options, certificate, (request, response) => {
    unreadable.began(request, response);
    handle(request, response);
  });
  return server.on('clientError', unreadable.answer);
}

function serverFor(
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
