import { once } from 'node:events';
import { createServer } from 'node:net';
import { portOf } from './free-port.js';

/** Listens where nobody is to connect, and says how many did. */
export interface CountingServer {
  readonly port: number;
  readonly connections: () => number;
  readonly close: () => void;
}

/** Listens on 127.0.0.1; whoever connects is cut off. */
export async function startCountingServer(): Promise<CountingServer> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: portOf(server), connections: () => connections, close: () => server.close() };
}
