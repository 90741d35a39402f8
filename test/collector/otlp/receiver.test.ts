import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Receiver, ReceiverOptions } from '../../../collector/otlp/receiver.js';
import type { Span } from '../../../schemas/span.js';
import { callSpan, requestOf, responseType, statusType, text, toJson, toProtobuf } from './request.js';
import type { Sending } from './send.js';
import { good, JSON_TYPE, PROTOBUF, receive, send as sendTo, whole } from './send.js';

let receiver: Receiver;
afterEach(async () => receiver.stop());

async function start(options: Partial<ReceiverOptions> = {}): Promise<{ stored: Span[] }> {
  const started = await receive(options);
  receiver = started.receiver;
  return started;
}

const send = (body: Buffer | null, sending?: Sending) => sendTo(receiver, body, sending);

describe('the OTLP receiver', () => {
  it.each([
    ['protobuf', PROTOBUF, good()],
    ['protobuf by its other name', { 'content-type': 'application/protobuf' }, good()],
    [
      'JSON with a charset',
      { 'content-type': 'Application/JSON; charset=utf-8' },
      toJson(requestOf([callSpan(whole)])),
    ],
    ['gzipped protobuf', { ...PROTOBUF, 'content-encoding': 'gzip' }, gzipSync(good())],
    ['gzipped JSON', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(toJson(requestOf([callSpan(whole)])))],
  ])('takes %s and answers in kind', async (_what, headers, body) => {
    const { stored } = await start();
    const reply = await send(body, { headers });
    expect(reply.status).toBe(200);
    expect(stored).toHaveLength(1);
    if (reply.headers['content-type'] === 'application/json') expect(reply.body.toString()).toBe('{}');
    else expect(reply.body).toHaveLength(0);
  });

  it('takes an empty request', async () => {
    await start();
    expect((await send(Buffer.alloc(0))).status).toBe(200);
    expect((await send(Buffer.from('{}'), { headers: JSON_TYPE })).status).toBe(200);
  });

  it('answers only when the spans are durable', async () => {
    let isDurable = false;
    await start({
      sink: {
        write: async () => {
          await new Promise((done) => setTimeout(done, 50));
          isDurable = true;
        },
      },
    });
    await send(good());
    expect(isDurable).toBe(true);
  });

  it('says how many spans it rejected and why, and stores the rest', async () => {
    const { stored } = await start();
    const body = requestOf([callSpan(whole), { ...callSpan(whole), traceId: 'ab' }]);
    const reply = responseType.toObject(responseType.decode((await send(toProtobuf(body))).body), { longs: Number });
    expect(reply).toMatchObject({
      partialSuccess: { rejectedSpans: 1, errorMessage: expect.stringContaining('trace id') },
    });
    const json = JSON.parse((await send(toJson(body), { headers: JSON_TYPE })).body.toString()) as unknown;
    expect(json).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    expect(stored).toHaveLength(2);
  });

  it.each([
    ['malformed protobuf', 400, good().subarray(0, 40), {}, /byte \d+/],
    ['malformed JSON', 400, Buffer.from('{'), { headers: JSON_TYPE }, /not valid JSON/],
    ['what is no gzip', 400, good(), { headers: { ...PROTOBUF, 'content-encoding': 'gzip' } }, /not valid gzip/],
    [
      'cut gzip',
      400,
      gzipSync(good()).subarray(0, 60),
      { headers: { ...PROTOBUF, 'content-encoding': 'gzip' } },
      /not valid gzip/,
    ],
    ['another type', 415, good(), { headers: { 'content-type': 'text/plain' } }, /application\/x-protobuf/],
    ['no type', 415, good(), { headers: {} }, /application\/json/],
    ['another encoding', 415, good(), { headers: { ...PROTOBUF, 'content-encoding': 'br' } }, /gzip/],
    ['another method', 405, null, { method: 'GET' }, /POST/],
    ['metrics', 404, good(), { path: '/v1/metrics' }, /traces only/],
    ['logs', 404, good(), { path: '/v1/logs' }, /traces only/],
    ['another path', 404, good(), { path: '/' }, /POST \/v1\/traces/],
  ] as const)('refuses %s with %i', async (_what, status, body, sending, message) => {
    const { stored } = await start();
    const reply = await send(body === null ? null : Buffer.from(body), sending);
    expect(reply.status).toBe(status);
    const isProtobuf = reply.headers['content-type'] === 'application/x-protobuf';
    const said = isProtobuf ? statusType.toObject(statusType.decode(reply.body))['message'] : reply.body.toString();
    expect(said).toMatch(message);
    if (status === 405) expect(reply.headers.allow).toBe('POST');
    expect(stored).toHaveLength(0);
  });

  it('goes on on the same connection after a refusal', async () => {
    const { stored } = await start();
    for (let i = 0; i < 3; i += 1) await send(good(), { headers: { 'content-type': 'text/plain' } });
    await send(good());
    expect(stored).toHaveLength(1);
  });
});

describe('a request that is too large', () => {
  const limits = { maxBodyBytes: 100_000 };

  it('is refused by its announced length, and the sender can read why', async () => {
    await start(limits);
    const reply = await send(Buffer.alloc(3_000_000));
    expect(reply.status).toBe(413);
    expect(statusType.toObject(statusType.decode(reply.body))['message']).toMatch(/larger than 100000 bytes/);
    expect(reply.headers.connection).toBe('close');
  });

  it('is refused while it comes, where no length was announced', async () => {
    await start(limits);
    const reply = await send(null, { chunks: Array.from({ length: 30 }, () => Buffer.alloc(10_000)) });
    expect(reply.status).toBe(413);
  });

  it('is refused where it unfolds past the limit', async () => {
    await start(limits);
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const reply = await send(bomb, { headers: { ...PROTOBUF, 'content-encoding': 'gzip' } });
    expect(reply.status).toBe(413);
    expect(reply.body.toString()).toMatch(/when decompressed/);
  });

  it('is one of too many spans', async () => {
    await start();
    const span = Buffer.of(0x12, 0x00);
    const spans = Buffer.concat(Array.from({ length: 200_001 }, () => span));
    const wrap = (tag: number, inner: Buffer) => {
      const length = [];
      let left = inner.length;
      for (; left >= 0x80; left = Math.floor(left / 0x80)) length.push((left % 0x80) + 0x80);
      return Buffer.concat([Buffer.of(tag, ...length, left), inner]);
    };
    expect((await send(wrap(0x0a, wrap(0x12, spans)))).status).toBe(413);
  });
});

describe('a hint', () => {
  const bare = () => toProtobuf(requestOf([callSpan([text('tenant.id', 'acme')]), callSpan([], 2)]));
  const hintIn = async (body: Buffer) => {
    const reply: unknown = responseType.toObject(responseType.decode((await send(body)).body), {
      longs: Number,
      defaults: true,
    })['partialSuccess'];
    return reply ?? null;
  };
  const naming = (what: RegExp) => ({ rejectedSpans: 0, errorMessage: expect.stringMatching(what) });

  it('tells which required attributes a service lacks, rejecting nothing, once a minute', async () => {
    let nowUs = 0;
    const { stored } = await start({ clockUs: () => nowUs });
    const lacking = naming(
      /^2 call spans of service 'agent' lack (?=.*tenant\.id)(?=.*feature\.id)(?=.*budget\.policy\.id)/,
    );
    expect(await hintIn(bare())).toMatchObject(lacking);
    nowUs += 59_000_000;
    expect(await hintIn(bare())).toBeNull();
    expect(await hintIn(toProtobuf(requestOf([callSpan()], 'other')))).toMatchObject(naming(/'other'/));
    nowUs += 1_000_000;
    expect(await hintIn(bare())).toMatchObject(naming(/'agent'/));
    expect(stored).toHaveLength(7);
  });

  it('is not given for whole calls, or spans that are no calls', async () => {
    await start();
    expect(await hintIn(good())).toBeNull();
    expect(await hintIn(toProtobuf(requestOf([{ ...callSpan(), attributes: [] }])))).toBeNull();
  });
});
