import { createServer } from 'node:https';
import { gzipSync } from 'node:zlib';
import { Client, credentials } from '@grpc/grpc-js';
import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { startGrpcReceiver } from '../../../collector/otlp/grpc-receiver.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import { createMetrics } from '../../../collector/watch/metrics.js';
import { listen } from '../../../collector/listen.js';
import type { TestDownstream } from '../../support/downstream.js';
import { startDownstream } from '../../support/downstream.js';
import { createAuthority } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import { callSpan, requestOf, responseType, statusType, toJson } from '../otlp/request.js';
import { good, JSON_TYPE, PROTOBUF, receive, send, whole } from '../otlp/send.js';
import { forwardTo } from './forward-to.js';

let downstream: TestDownstream;
beforeEach(async () => {
  downstream = await startDownstream();
  return () => downstream[Symbol.asyncDispose]();
});

const said = (body: Buffer): string => String(statusType.toObject(statusType.decode(body))['message']);
const answerWith =
  (status: number, headers = {}, body: Buffer | string = ''): TestDownstream['answer'] =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

describe('a request that is passed on', () => {
  const json = toJson(requestOf([callSpan(whole)]));

  it.each([
    ['protobuf', good(), PROTOBUF],
    ['protobuf, packed', gzipSync(good()), { ...PROTOBUF, 'content-encoding': 'gzip' }],
    ['JSON', json, { 'content-type': 'application/json; charset=utf-8' }],
    ['JSON, packed', gzipSync(json), { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ])('arrives byte for byte as it came: %s', async (_what, body, headers: Record<string, string>) => {
    await using waybill = await forwardTo({ url: downstream.url, headers: { authorization: 'Bearer SECRET' } });
    expect((await send(waybill.receiver, body, { headers })).status).toBe(200);
    expect(waybill.stored).toHaveLength(1);
    const [arrived] = downstream.arrived;
    expect(arrived).toMatchObject({ path: '/v1/traces', headers: { ...headers, authorization: 'Bearer SECRET' } });
    expect(arrived?.headers['content-encoding']).toBe(headers['content-encoding']);
    expect(arrived?.body.equals(body)).toBe(true);
  });

  it('came over gRPC, and goes on over HTTP as protobuf', async () => {
    await using waybill = await forwardTo({ url: downstream.url });
    await using grpc = await startGrpcReceiver({
      host: '127.0.0.1',
      port: 0,
      intake: waybill.receiver.intake,
      log: pino({ level: 'silent' }),
      metrics: createMetrics(),
    });
    const client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const exported = (): Promise<unknown> =>
      new Promise((done) => {
        const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
        client.makeUnaryRequest(path, asIs, asIs, good(), (error, answer) => done(error ?? answer));
      });
    expect(await exported()).toEqual(Buffer.alloc(0));
    expect(downstream.arrived[0]).toMatchObject({ headers: PROTOBUF });
    expect(downstream.arrived[0]?.body.equals(good())).toBe(true);
    downstream.answer = answerWith(503, { 'retry-after': '9' });
    expect(await exported()).toMatchObject({ code: 14, details: expect.stringMatching(/are stored.*answered 503/) });
    client.close();
  });

  it('is stored first, and not passed on where that fails or it is no OTLP', async () => {
    let away = true;
    const sink = { write: async () => (away ? Promise.reject(new StoreUnavailable('away')) : undefined) };
    await using waybill = await forwardTo({ url: downstream.url, receiver: { sink } });
    expect((await send(waybill.receiver, good())).status).toBe(503);
    away = false;
    expect((await send(waybill.receiver, Buffer.from('no'))).status).toBe(400);
    expect(downstream.arrived).toEqual([]);
  });

  it('reaches another Waybill through this one, and is the same there', async () => {
    const last = await receive();
    await using waybill = await forwardTo({ url: new URL(`http://127.0.0.1:${last.receiver.port}/v1/traces`) });
    const spans = [1, 2, 3].map((number) => callSpan(whole, number));
    expect((await send(waybill.receiver, toJson(requestOf(spans)), { headers: JSON_TYPE })).status).toBe(200);
    expect(last.stored).toEqual(waybill.stored);
    expect(last.stored).toHaveLength(3);
    await last.receiver.stop();
  });

  it('is refused where it was here before', async () => {
    const port = await freePort();
    await using waybill = await forwardTo({ url: new URL(`http://127.0.0.1:${port}/v1/traces`), receiver: { port } });
    const reply = await send(waybill.receiver, good());
    expect(reply.status).toBe(500);
    expect(said(reply.body)).toMatch(/answered 508: .*forward leads back to it/);
    expect(waybill.stored).toHaveLength(1);
  });
});

describe('what downstream answers', () => {
  it.each([
    [
      '429 with the time it asks for',
      answerWith(429, { 'retry-after': '7' }),
      429,
      '7',
      /answered 429\. Send them again/,
    ],
    ['503 as 503', answerWith(503, { 'retry-after': '7' }), 503, '7', /answered 503\. Send them again/],
    ['502 as 503', answerWith(502), 503, '2', /answered 502\. Send/],
    ['a redirect as 503: it is not followed', answerWith(307, { location: '/' }), 503, '30', /307, so the settings/],
    ['401 as 503: no fault of the sender', answerWith(401), 503, '30', /401, so the settings have to be corrected/],
    [
      '400 as 400',
      answerWith(400, JSON_TYPE, '{"code":3,"message":"no\\nway"}'),
      400,
      undefined,
      /400: no way\. To send/,
    ],
    ['413 as 413', answerWith(413), 413, undefined, /will not help/],
    ['500 as 500', answerWith(500), 500, undefined, /will not help/],
    ['no HTTP as 503', (request) => void request.socket.end('no'), 503, '2', /cannot be reached \(HPE_/],
    ['nothing, hung up', (request) => void request.socket.destroy(), 503, '2', /cannot be reached \(ECONNRESET/],
  ] satisfies [string, TestDownstream['answer'], number, string | undefined, RegExp][])(
    '%s',
    async (_what, answer, status, retryAfter, words) => {
      downstream.answer = answer;
      await using waybill = await forwardTo({ url: downstream.url, headers: { 'x-key': 'SECRET' } });
      const reply = await send(waybill.receiver, good());
      expect(reply).toMatchObject({ status });
      expect(reply.headers['retry-after']).toBe(retryAfter);
      expect(said(reply.body)).toMatch(words);
      expect(said(reply.body)).toMatch(/^The spans are stored, and were not passed on: /);
      expect(waybill.stored).toHaveLength(1);
      const outcome = retryAfter === undefined ? 'refused' : 'later';
      expect(await waybill.metric(`waybill_forward_attempts_total{outcome="${outcome}"}`)).toBe(1);
      expect(await waybill.metric('waybill_requests_refused_total{transport="http",reason="not-forwarded"}')).toBe(1);
      expect(await waybill.metric('waybill_spans_acknowledged_total{transport="http"}')).toBe(0);
      expect(waybill.log()).toContain('"downstream":"127.0.0.1:');
      expect(waybill.log()).not.toMatch(/SECRET|no.way/);
    },
  );

  it('is waited for no longer than it may take', async () => {
    downstream.answer = () => {};
    await using waybill = await forwardTo({ url: downstream.url, timeoutMs: 50 });
    const reply = await send(waybill.receiver, good());
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect(said(reply.body)).toContain('did not answer within 0.05 s. Send them again');
  });

  it('is nothing where nobody listens', async () => {
    await using waybill = await forwardTo({ url: new URL(`http://127.0.0.1:${await freePort()}/v1/traces`) });
    const reply = await send(waybill.receiver, good());
    expect(reply.status).toBe(503);
    expect(said(reply.body)).toContain('(ECONNREFUSED)');
  });

  it('goes to the sender where it rejects a part, in either encoding', async () => {
    await using waybill = await forwardTo({ url: downstream.url });
    const partialSuccess = { rejectedSpans: 2, errorMessage: 'too old' };
    const expected = { rejectedSpans: expect.anything(), errorMessage: `${downstream.url.host} says: too old` };
    for (const answer of [
      answerWith(200, PROTOBUF, Buffer.from(responseType.encode({ partialSuccess }).finish())),
      answerWith(200, JSON_TYPE, JSON.stringify({ partialSuccess: { ...partialSuccess, rejectedSpans: '2' } })),
    ]) {
      downstream.answer = answer;
      const reply = await send(waybill.receiver, good());
      const { partialSuccess: partial } = responseType.toObject(responseType.decode(reply.body), { longs: String });
      expect(partial).toEqual({ ...expected, rejectedSpans: '2' });
    }
    expect(await waybill.metric('waybill_spans_acknowledged_total{transport="http"}')).toBe(2);
  });

  it('says nothing where it cannot be read, or has no end', async () => {
    await using waybill = await forwardTo({ url: downstream.url });
    for (const answer of [
      answerWith(200, PROTOBUF, Buffer.from('0aff', 'hex')),
      answerWith(200, JSON_TYPE, '{"partialSuccess":7}'),
      answerWith(200, {}, Buffer.alloc(1_000_000, 10)),
    ]) {
      downstream.answer = answer;
      const reply = await send(waybill.receiver, good());
      expect(reply).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    }
  });

  it('is not asked for where its certificate is of nobody known', async () => {
    const { cert, key } = await (await createAuthority('Somebody')).issue('localhost');
    const server = createServer({ cert, key }, (_request, response) => response.end());
    const port = await listen(server, '127.0.0.1', 0, '');
    await using waybill = await forwardTo({ url: new URL(`https://localhost:${port}/v1/traces`) });
    const reply = await send(waybill.receiver, good());
    server.close();
    expect(reply.status).toBe(503);
    expect(said(reply.body)).toMatch(/cannot be reached \((UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/);
  });
});

describe('a slow downstream', () => {
  it('holds the memory of what waits for it, so that who comes then is told to come back', async () => {
    const answers: (() => void)[] = [];
    downstream.answer = (_request, response) => void answers.push(() => response.end());
    const receiver = { maxBytesInFlight: good().length + 10 };
    await using waybill = await forwardTo({ url: downstream.url, receiver });
    const first = send(waybill.receiver, good());
    await expect.poll(() => answers.length).toBe(1);
    expect(await waybill.metric('waybill_request_bytes_in_flight')).toBe(good().length);
    expect((await send(waybill.receiver, good())).status).toBe(429);
    for (const answer of answers) answer();
    expect((await first).status).toBe(200);
    expect(await waybill.metric('waybill_request_bytes_in_flight')).toBe(0);
  });
});

describe('a request that is acknowledged when stored', () => {
  const stored = { acknowledge: 'stored' } as const;
  const lost = (reason: string): string => `waybill_forward_lost_total{reason="${reason}"}`;

  it('is passed on afterwards, again and again where it has to be', async () => {
    downstream.answer = (request, response) => {
      downstream.answer = answerWith(200);
      answerWith(429, { 'retry-after': '1' })(request, response);
    };
    await using waybill = await forwardTo({ ...stored, url: downstream.url });
    expect((await send(waybill.receiver, good())).status).toBe(200);
    await expect.poll(() => downstream.arrived.length, { timeout: 10_000 }).toBe(2);
    await expect.poll(() => waybill.metric('waybill_forward_queued_bytes')).toBe(0);
    for (const { body } of downstream.arrived) expect(body.equals(good())).toBe(true);
    expect(await waybill.metric(lost('refused'))).toBe(0);
  });

  it.each([
    ['refused', answerWith(400), {}],
    ['late', answerWith(503), { giveUpMs: 10 }],
    ['full', answerWith(200), { maxBytes: 10 }],
  ] as const)('is counted where it is lost: %s', async (why, answer, bounds) => {
    downstream.answer = answer;
    await using waybill = await forwardTo({ ...stored, url: downstream.url, bounds });
    expect((await send(waybill.receiver, good())).status).toBe(200);
    await expect.poll(() => waybill.metric(lost(why))).toBe(1);
    expect(await waybill.metric('waybill_forward_queued_bytes')).toBe(0);
  });

  it('has a last chance when Waybill stops, and no more', async () => {
    downstream.answer = answerWith(503);
    const waybill = await forwardTo({ ...stored, url: downstream.url, bounds: { lastWordsMs: 50 } });
    for (let i = 0; i < 20; i += 1) await send(waybill.receiver, good());
    await waybill[Symbol.asyncDispose]();
    expect(await waybill.metric(lost('stopped'))).toBe(20);
  });
});
