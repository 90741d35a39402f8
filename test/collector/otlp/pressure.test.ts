import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Receiver, ReceiverOptions } from '../../../collector/otlp/receiver.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import type { Span } from '../../../schemas/span.js';
import { statusType } from './request.js';
import type { Sending } from './send.js';
import { good, PROTOBUF, receive, send as sendTo } from './send.js';

let receiver: Receiver;
afterEach(async () => receiver.stop());

async function start(options: Partial<ReceiverOptions> = {}): Promise<{ stored: Span[] }> {
  const started = await receive(options);
  receiver = started.receiver;
  return started;
}

const send = (body: Buffer | null, sending?: Sending) => sendTo(receiver, body, sending);

describe('a receiver under pressure', () => {
  it('asks to come back when the store is away', async () => {
    await start({
      sink: { write: () => Promise.reject(new StoreUnavailable('ClickHouse is away.', { retryAfterSeconds: 7 })) },
    });
    const reply = await send(good());
    expect(reply.status).toBe(503);
    expect(reply.headers['retry-after']).toBe('7');
    expect(statusType.toObject(statusType.decode(reply.body))).toMatchObject({
      code: 14,
      message: 'ClickHouse is away.',
    });
  });

  it('answers 500 where the store fails otherwise, and says nothing of it', async () => {
    await start({ sink: { write: () => Promise.reject(new Error('SECRET')) } });
    const reply = await send(good());
    expect(reply.status).toBe(500);
    expect(reply.body.toString()).not.toContain('SECRET');
  });

  it('refuses with 429 while others hold the memory, and takes the request once they are done', async () => {
    let release = (): void => {};
    const held = new Promise<void>((done) => {
      release = done;
    });
    await start({ sink: { write: () => held }, maxBytesInFlight: good().length + 10 });
    const first = send(good());
    await expect.poll(async () => (await send(good())).status).toBe(429);
    const refused = await send(good());
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    release();
    expect((await first).status).toBe(200);
    expect((await send(good())).status).toBe(200);
  });

  it('counts what unfolds, not what was sent', async () => {
    let release = (): void => {};
    const held = new Promise<void>((done) => {
      release = done;
    });
    await start({ sink: { write: () => held }, maxBytesInFlight: 1_000_000 });
    const first = send(good());
    const gzip = { headers: { ...PROTOBUF, 'content-encoding': 'gzip' } };
    await expect.poll(async () => (await send(gzipSync(Buffer.alloc(2_000_000)), gzip)).status).toBe(429);
    release();
    expect((await first).status).toBe(200);
  });

  it('gives back the memory of every kind of failure', async () => {
    await start({ maxBytesInFlight: 2_000, maxBodyBytes: 100_000 });
    for (let i = 0; i < 50; i += 1) {
      await send(good().subarray(0, 100));
      await send(Buffer.alloc(200_000));
      await abort();
    }
    const both = await Promise.all([send(good()), send(good())]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
  });
});

/** Sends half a request and hangs up. */
function abort(): Promise<void> {
  return new Promise((done) => {
    const sent = httpRequest({
      host: '127.0.0.1',
      port: receiver.port,
      path: '/v1/traces',
      method: 'POST',
      headers: { ...PROTOBUF, 'content-length': '1000' },
    });
    sent.on('error', () => {});
    sent.on('close', done);
    sent.write(Buffer.alloc(500), () => setTimeout(() => sent.destroy(), 2));
  });
}

describe('stopping', () => {
  it('waits for what is in work, refuses what comes then, and may be done twice', async () => {
    let release = (): void => {};
    const held = new Promise<void>((done) => {
      release = done;
    });
    let isWriting = false;
    await start({
      sink: {
        write: () => {
          isWriting = true;
          return held;
        },
      },
    });
    const first = send(good());
    await expect.poll(() => isWriting).toBe(true);
    const stopped = receiver.stop();
    await expect(send(good())).rejects.toThrow(/ECONNREFUSED/);
    release();
    const answered = await first;
    expect(answered).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await stopped;
    await receiver.stop();
  });
});
