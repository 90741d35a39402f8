/** The process that evaluates: started by `benchOfrep`, so that what is measured shares no thread with its load. */
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Evaluating, Evaluated } from './ofrep.js';
import { tenantOf } from './ofrep.js';

/** As the pools of clients are bounded: whoever has to wait for a connection waits in its time. */
const CONNECTIONS = 64;

/** A connection that is kept alive, with one request under way at most. */
interface Connection {
  readonly socket: Socket;
  /** When the request that is under way was sent; null: none is. */
  sentMs: number | null;
  received: string;
}

/**
 * Evaluations at even distances, whether or not the ones before were answered. It speaks HTTP by hand: the pauses in which
 * a client of Node collects its garbage would count as waiting.
 */
async function paced({ url, key, perSecond, ms }: Evaluating): Promise<Evaluated> {
  const { hostname, port, pathname } = new URL(url);
  const count = Math.floor((ms * perSecond) / 1_000);
  const latenciesMs = new Float64Array(count);
  const idle: Connection[] = [];
  /** Since when evaluations wait for a connection, first come first. */
  const waiting: { readonly i: number; readonly sentMs: number }[] = [];
  let answered = 0;
  const run = new EventEmitter<{ done: []; error: [Error] }>();
  const done = once(run, 'done');
  const fail = (error: Error): void => void run.emit('error', error);
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(Number(port), hostname).setNoDelay();
      await once(socket, 'connect');
      const connection: Connection = { socket, sentMs: null, received: '' };
      socket.on('data', (chunk) => take(connection, chunk.toString('latin1')));
      socket.on('error', fail).on('close', () => fail(new Error('A connection was closed.')));
      return connection;
    }),
  );
  idle.push(...connections);

  function send(connection: Connection, i: number, sentMs: number): void {
    const body = JSON.stringify({ context: { targetingKey: `request-${i}`, tenant: tenantOf(i), feature: 'chat' } });
    connection.sentMs = sentMs;
    connection.socket.write(
      `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${key}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  function take(connection: Connection, text: string): void {
    connection.received += text;
    const { received, sentMs } = connection;
    const bodyAt = received.indexOf('\r\n\r\n') + 4;
    if (bodyAt < 4) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1]);
    if (received.length < bodyAt + length) return;
    if (!received.startsWith('HTTP/1.1 200 ')) fail(new Error(`An evaluation was answered with ${received}.`));
    latenciesMs[answered] = performance.now() - (sentMs ?? Number.NaN);
    connection.received = '';
    answered += 1;
    if (answered === count) run.emit('done');
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else send(connection, next.i, next.sentMs);
  }

  const start = performance.now();
  let sent = 0;
  const pace = setInterval(() => {
    const nowMs = performance.now();
    for (; sent < count && start + (sent * 1_000) / perSecond <= nowMs; sent += 1) {
      const connection = idle.pop();
      if (connection === undefined) waiting.push({ i: sent, sentMs: nowMs });
      else send(connection, sent, nowMs);
    }
  }, 1);
  try {
    await done;
    return { latenciesMs: [...latenciesMs], perSecond: (count * 1_000) / (performance.now() - start) };
  } finally {
    clearInterval(pace);
    for (const { socket } of connections) socket.removeAllListeners('close').destroy();
  }
}

process.on('message', (order: Evaluating) => {
  paced(order).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
