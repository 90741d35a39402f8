import type { Server as HttpServer } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { StartError } from './start-error.js';

type Server = HttpServer | TlsServer;

/**
 * Lets a server listen.
 *
 * @param flag the flag that chooses another port
 * @returns the port, which is a free one where 0 was asked for
 * @throws StartError where the port is taken or not allowed
 */
export async function listen(server: Server, host: string, port: number, flag: string): Promise<number> {
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be used (${error.message})`;
      fail(new StartError(`Port ${port} on ${host} ${why}. Choose another one with ${flag}.`));
    });
    server.listen(port, host, done);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** How often connections that have become idle are closed while a server stops. */
const SWEEP_MS = 50;
/** Requests that are not answered by then are cut off. */
const CUT_OFF_MS = 10_000;

/** Makes the function that stops a server: it takes no more, waits for what is in work, and may be called twice. */
export function stopperOf(server: Server): () => Promise<void> {
  const unused = unusedConnections(server);
  let stopped: Promise<void> | null = null;
  return () => {
    stopped ??= new Promise((done) => {
      // A connection that is kept alive becomes idle only after its answer, and would hold the server open.
      const sweep = setInterval(() => {
        server.closeIdleConnections();
        for (const socket of unused) socket.destroy();
      }, SWEEP_MS);
      const cutOff = setTimeout(() => server.closeAllConnections(), CUT_OFF_MS);
      server.close(() => {
        clearInterval(sweep);
        clearTimeout(cutOff);
        done();
      });
      server.closeIdleConnections();
    });
    return stopped;
  };
}

/** The connections that nothing was asked on yet, as browsers open them in advance: Node does not count them as idle. */
function unusedConnections(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return unused;
}
