import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Receiver, ReceiverOptions } from '../../../collector/otlp/receiver.js';
import type { Span } from '../../../schemas/span.js';
import { good, receive, send } from './send.js';

let receiver: Receiver;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await receiver.stop();
});

const short = { headersTimeout: 150, requestTimeout: 300, keepAliveTimeout: 100, connectionsCheckingInterval: 50 };

async function start(options: Partial<ReceiverOptions> = {}): Promise<Span[]> {
  const started = await receive(options);
  receiver = started.receiver;
  return started.stored;
}

/** A connection that speaks for itself, and what came back on it. */
async function dial(): Promise<{ socket: Socket; heard: () => string; closed: Promise<unknown> }> {
  const socket = connect(receiver.port, '127.0.0.1');
  sockets.push(socket);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  return { socket, heard: () => heard, closed };
}

const post = (body: Buffer, more = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n${more}Content-Length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);

describe('a connection to the OTLP receiver', () => {
  it('may send requests without waiting for answers, and gets these in order', async () => {
    const stored = await start();
    const { socket, heard, closed } = await dial();
    socket.write(
      Buffer.concat([
        post(good()),
        Buffer.from('GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
        post(good()),
        post(Buffer.from('x'), 'Connection: close\r\n'),
      ]),
    );
    await closed;
    expect([...heard().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '404',
      '200',
      '400',
    ]);
    expect(stored).toHaveLength(2);
  });

  it('is closed when its headers take too long', async () => {
    await start({ timeLimits: short });
    const { socket, heard, closed } = await dial();
    socket.write('POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const drip = setInterval(() => socket.write('a'), 20);
    await closed;
    clearInterval(drip);
    expect(heard()).toContain('408 Request Timeout');
  });

  it('is closed when a body takes too long, and gives its memory back', async () => {
    await start({ timeLimits: short });
    const { socket, closed } = await dial();
    socket.write(post(good()).subarray(0, -10));
    await closed;
    expect((await send(receiver, good())).status).toBe(200);
  });

  it('is closed when it stays idle', async () => {
    await start({ timeLimits: short });
    const { socket, heard, closed } = await dial();
    socket.write(post(good()));
    await closed;
    expect(heard()).toContain('200 OK');
  });

  it('may send headers of a bounded size', async () => {
    await start();
    const { socket, heard, closed } = await dial();
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    await closed;
    expect(heard()).toContain('431 Request Header Fields Too Large');
  });

  it('is refused under a name from elsewhere, by which a page could reach this machine', async () => {
    const stored = await start();
    for (const host of ['evil.example', '127.0.0.1.evil.example:4318', '10.0.0.1']) {
      const reply = await send(receiver, good(), { headers: { 'content-type': 'application/x-protobuf', host } });
      expect(reply.status, host).toBe(403);
    }
    expect(stored).toHaveLength(0);
    const reply = await send(receiver, good(), {
      headers: { 'content-type': 'application/x-protobuf', host: 'localhost:4318' },
    });
    expect(reply.status).toBe(200);
  });

  it('is refused what browsers on other sites ask for', async () => {
    await start();
    const reply = await send(receiver, null, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' },
    });
    expect(reply.status).toBe(405);
    const ok = await send(receiver, good(), {
      headers: { 'content-type': 'application/x-protobuf', origin: 'https://elsewhere.example' },
    });
    for (const { headers } of [reply, ok]) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});
