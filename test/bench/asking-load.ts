/** The process that asks small questions: started by `askBy`, so that what is measured shares no thread with its load. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Asking, Outcome } from './asking.js';

/** As the pools of clients are bounded: whoever has to wait for a connection waits in its time. */
const CONNECTIONS = 64;

/** A connection that is kept alive. */
interface Connection {
  /** Sends a request, and resolves when its answer is there. One at a time. @throws Error where the answer is not 200 */
  readonly exchange: (request: string) => Promise<void>;
  readonly close: () => void;
}

/** It speaks HTTP by hand: the pauses in which a client of Node collects its garbage would count as waiting. */
async function open({ hostname, port }: URL): Promise<Connection> {
  const socket = connect(Number(port), hostname).setNoDelay();
  await once(socket, 'connect');
  let received = '';
  let underWay: { readonly done: () => void; readonly fail: (error: Error) => void } | null = null;
  socket.on('error', (error) => underWay?.fail(error));
  socket.on('close', () => underWay?.fail(new Error('A connection was closed.')));
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const bodyAt = received.indexOf('\r\n\r\n') + 4;
    if (bodyAt < 4) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1]);
    if (received.length < bodyAt + length) return;
    if (received.startsWith('HTTP/1.1 200 ')) underWay?.done();
    else underWay?.fail(new Error(`A question was answered with ${received}.`));
    received = '';
  });
  return {
    exchange: (request) =>
      new Promise((done, fail) => {
        underWay = { done, fail };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function requestOf({ url, key, bodies }: Asking, i: number): string {
  const { pathname, host } = new URL(url);
  const body = bodies[i % bodies.length] ?? '';
  return (
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** Questions at even distances, whether or not the ones before were answered. @returns how long each took */
async function paced(asking: Asking, connections: readonly Connection[], perSecond: number): Promise<number[]> {
  const count = Math.floor((asking.ms * perSecond) / 1_000);
  const latenciesMs: number[] = [];
  const idle = [...connections];
  const waiting: ((connection: Connection) => void)[] = [];

  async function ask(i: number): Promise<void> {
    const sentMs = performance.now();
    const connection = idle.pop() ?? (await new Promise<Connection>((free) => waiting.push(free)));
    await connection.exchange(requestOf(asking, i));
    latenciesMs.push(performance.now() - sentMs);
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else next(connection);
  }

  const start = performance.now();
  let sent = 0;
  await new Promise<void>((done, fail) => {
    const pace = setInterval(() => {
      for (; sent < count && start + (sent * 1_000) / perSecond <= performance.now(); sent += 1) {
        ask(sent).catch((error: unknown) => {
          clearInterval(pace);
          fail(error instanceof Error ? error : new Error(String(error)));
        });
      }
      if (latenciesMs.length < count) return;
      clearInterval(pace);
      done();
    }, 1);
  });
  return latenciesMs;
}

/** Each caller asks again as soon as it is answered. @returns how long each question took */
async function calling(asking: Asking, connections: readonly Connection[]): Promise<number[]> {
  const latenciesMs: number[] = [];
  const endMs = performance.now() + asking.ms;
  const call = async ({ exchange }: Connection): Promise<void> => {
    for (let sentMs = performance.now(); sentMs < endMs; sentMs = performance.now()) {
      await exchange(requestOf(asking, latenciesMs.length));
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(connections.map(call));
  return latenciesMs;
}

async function ask(asking: Asking): Promise<Outcome> {
  const { url, pace } = asking;
  const count = 'callers' in pace ? pace.callers : CONNECTIONS;
  const connections = await Promise.all(Array.from({ length: count }, () => open(new URL(url))));
  const start = performance.now();
  const latenciesMs =
    'callers' in pace ? await calling(asking, connections) : await paced(asking, connections, pace.perSecond);
  const perSecond = (latenciesMs.length * 1_000) / (performance.now() - start);
  for (const { close } of connections) close();
  return { latenciesMs, perSecond };
}

process.on('message', (asking: Asking) => {
  ask(asking).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
