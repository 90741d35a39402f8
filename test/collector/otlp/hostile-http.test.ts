import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Receiver } from '../../../collector/otlp/receiver.js';
import { createMetrics } from '../../../collector/watch/metrics.js';
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
  socket.write(bytes, 'latin1');
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
    const heard = await speak(bytes);
    const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses.at(-1)).toBe('400');
    // A host that is missing is seen by `node:http` itself, which answers a bare 400.
    if (!bytes.startsWith('POST /v1/traces HTTP/1.1\r\nContent-Length')) {
      expect(heard).toMatch(/This is no HTTP request that can be read: \w.*\.\n$/);
    }
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

describe('what is no HTTP request', () => {
  it.each([
    ['noise', 'hello, is there anybody?\r\n\r\n', '400 Bad Request', /can be read: \w/],
    ['a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '400 Bad Request', /can be read: \w/],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 Bad Request', /can be read: \w/],
    ['a version that is none', 'POST / HTTP/9.9\r\n\r\n', '400 Bad Request', /Invalid HTTP version/],
    [
      'headers of 20 KB',
      `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      '431 Request Header',
      /larger than 16 KiB/,
    ],
  ])('is told so: %s', async (_what, bytes, status, message) => {
    const metrics = createMetrics();
    ({ receiver } = await receive({ metrics }));
    const heard = await speak(bytes);
    expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
    expect(heard).toMatch(message);
    expect(heard).toContain('Connection: close');
    expect(await metrics.registry.metrics()).toContain(
      'waybill_requests_refused_total{transport="http",reason="malformed"} 1',
    );
  });

  it('is told so behind a request that can be read, after the answer to that', async () => {
    let release = (): void => {};
    const held = new Promise<void>((done) => {
      release = done;
    });
    ({ receiver } = await receive({ sink: { write: () => held } }));
    const heard = speak(`${HEAD}Content-Length: ${good().length}\r\n\r\n${good().toString('latin1')}noise\r\n\r\n`);
    setTimeout(release, 100);
    expect([...(await heard).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '400']);
  });
});
