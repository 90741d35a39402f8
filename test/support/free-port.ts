import type { Server } from 'node:net';
import { createServer } from 'node:net';

/*
 * A port that the system gives (`listen(0)`) may be given again as soon as it is let go: to another test, or to the near
 * end of any connection. So ports come from below those that systems give (IANA: 49152 up; Linux: 32768 up), and each
 * process looks in a stretch of its own.
 */
const LOWEST = 10_240;
const STRETCH = 64;
const STRETCHES = 340;
const first = LOWEST + (process.pid % STRETCHES) * STRETCH;
let given = 0;

/** A TCP port of the loopback interface that nothing listens on at the moment, another one each time. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < STRETCH; tried++) {
    const port = first + (given++ % STRETCH);
    if (await isFree(port)) return port;
  }
  throw new Error(`Nothing is free among the ports ${first} to ${first + STRETCH - 1} of the loopback interface.`);
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** The TCP port on which a server listens. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a TCP port.');
  return address.port;
}
