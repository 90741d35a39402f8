import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Receiver } from '../../../collector/otlp/receiver.js';
import { good, receive, send } from './send.js';

let receiver: Receiver;
afterEach(async () => receiver.stop());

const HEAD = 'POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n';
/** What a smuggler hides in a body: a request of its own. */
const HIDDEN = `${HEAD}Content-Length: 0\r\n\r\n`;

/** Sends these bytes as they are, and gives what came back until the connection was closed. */
async function speak(bytes: string): Promise<string> {
  const socket = connect(receiver.port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return heard;
}

describe('a request that two servers could read differently', () => {
  it.each([
    ['with both lengths', `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['with two lengths', `${HEAD}Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ['with a length that is no number', `${HEAD}Content-Length: +5\r\n\r\nhello${HIDDEN}`],
    ['with a negative length', `${HEAD}Content-Length: -1\r\n\r\n${HIDDEN}`],
    ['with a blank before the colon', `${HEAD}Content-Length : 5\r\n\r\nhello${HIDDEN}`],
    ['in chunks under another name', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['in chunks of no size', `${HEAD}Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ['in chunks longer than they say', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n${HIDDEN}`],
    ['with a header line that goes on', `${HEAD}X-Long: a\r\n b\r\nContent-Length\r\n : 5\r\n\r\n${HIDDEN}`],
    ['with a null byte in a header', `${HEAD}X-Null: a\0b\r\nContent-Length: 0\r\n\r\n${HIDDEN}`],
    ['without a host', `POST /v1/traces HTTP/1.1\r\nContent-Length: 0\r\n\r\n${HIDDEN}`],
  ])('is refused and its connection closed: %s', async (_what, bytes) => {
    const { receiver: started, stored } = await receive();
    receiver = started;
    const statuses = [...(await speak(bytes)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses.at(-1)).toBe('400');
    expect(statuses).not.toContain('200');
    expect(stored).toEqual([]);
    expect((await send(receiver, good())).status).toBe(200);
  });
});

describe('a body in chunks that never ends', () => {
  it('is refused when it has passed the limit', async () => {
    ({ receiver } = await receive({ maxBodyBytes: 100_000 }));
    const socket = connect(receiver.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const drip = setInterval(() => socket.write(`2710\r\n${'a'.repeat(10_000)}\r\n`), 5);
    await once(socket, 'close');
    clearInterval(drip);
    expect(heard).toMatch(/^HTTP\/1\.1 413 /);
    expect(heard).toContain('larger than 100000 bytes');
  });

  it('is given up after the time that a request may take', async () => {
    const timeLimits = {
      headersTimeout: 150,
      requestTimeout: 300,
      keepAliveTimeout: 100,
      connectionsCheckingInterval: 50,
    };
    ({ receiver } = await receive({ timeLimits }));
    const socket = connect(receiver.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const drip = setInterval(() => socket.write('1\r\na\r\n'), 20);
    await once(socket, 'close');
    clearInterval(drip);
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
    expect((await send(receiver, good())).status).toBe(200);
  });
});

describe('a flood of headers', () => {
  it('is refused', async () => {
    ({ receiver } = await receive());
    const flood = Array.from({ length: 3_000 }, (_, i) => `X-${i}: a\r\n`).join('');
    expect(await speak(`${HEAD}${flood}Content-Length: 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });
});
