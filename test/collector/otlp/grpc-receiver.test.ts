import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { ServiceError } from '@grpc/grpc-js';
import { Client, compressionAlgorithms, credentials, Metadata, status } from '@grpc/grpc-js';
import pino from 'pino';
import { parse } from 'protobufjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { GrpcReceiver } from '../../../collector/otlp/grpc-receiver.js';
import { startGrpcReceiver } from '../../../collector/otlp/grpc-receiver.js';
import { createIntake } from '../../../collector/otlp/intake.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import type { SpanRows } from '../../../collector/store/span-rows.js';
import { createMetrics } from '../../../collector/watch/metrics.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { callSpan, requestOf, responseType, text, toProtobuf } from './request.js';
import { good, whole } from './send.js';

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

const richStatus = parse(`syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }`).root;

let receiver: GrpcReceiver;
let client: Client;
afterEach(async () => {
  client.close();
  await receiver.stop();
});

interface Started {
  readonly stored: Span[];
  readonly metric: (name: string) => Promise<number | undefined>;
}

async function start(
  options: {
    write?: () => Promise<void>;
    maxBodyBytes?: number;
    maxBytesInFlight?: number;
    maxConnectionAgeMs?: number;
  } = {},
  clientOptions: Readonly<Record<string, unknown>> = {},
): Promise<Started> {
  const stored: Span[] = [];
  const write = options.write ?? (async () => {});
  const metrics = createMetrics();
  const intake = createIntake({
    contract: contract(),
    clockUs: () => 0,
    metrics,
    sink: {
      write: async ({ spans }: SpanRows) => {
        await write();
        stored.push(...spans);
      },
    },
    ...options,
  });
  const log = pino({ level: 'silent' });
  receiver = await startGrpcReceiver({ host: '127.0.0.1', port: 0, intake, log, metrics, ...options });
  client = new Client(`127.0.0.1:${receiver.port}`, credentials.createInsecure(), clientOptions);
  return {
    stored,
    metric: async (name) => {
      const line = (await metrics.registry.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length));
    },
  };
}

const asIs = (bytes: Buffer): Buffer => bytes;

function send(body: Buffer, path = TRACES): Promise<Buffer> {
  return new Promise((done, fail) => {
    client.makeUnaryRequest(path, asIs, asIs, body, new Metadata(), (error, answer) => {
      if (error === null) done(answer ?? Buffer.alloc(0));
      else fail(error);
    });
  });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error;
}

async function refusal(sent: Promise<Buffer>): Promise<ServiceError> {
  try {
    await sent;
  } catch (error) {
    if (isServiceError(error)) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

/** After how many seconds a refused request may be sent again; undefined: it does not say. */
function retrySeconds({ metadata }: ServiceError): number | undefined {
  const [details] = metadata.get('grpc-status-details-bin');
  if (!(details instanceof Buffer)) return undefined;
  const rich = richStatus.lookupType('Status').toObject(richStatus.lookupType('Status').decode(details));
  const [any] = rich['details'];
  expect(any.type_url ?? any.typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo');
  const info = richStatus.lookupType('RetryInfo');
  return info.toObject(info.decode(any.value), { longs: Number })['retryDelay'].seconds;
}

describe('the OTLP/gRPC receiver', () => {
  it.each([
    ['plain', {}],
    ['gzipped', { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }],
  ])('takes a %s request and answers when its spans are durable', async (_how, clientOptions) => {
    let isDurable = false;
    const write = async (): Promise<void> => {
      await new Promise((done) => setTimeout(done, 50));
      isDurable = true;
    };
    const { stored, metric } = await start({ write }, clientOptions);
    expect(await send(good())).toHaveLength(0);
    expect(isDurable).toBe(true);
    expect(stored).toHaveLength(1);
    expect(await metric('waybill_spans_acknowledged_total{transport="grpc"}')).toBe(1);
  });

  it('says what it rejected, and warns of what is missing, as over HTTP', async () => {
    const { stored } = await start();
    const some = await send(toProtobuf(requestOf([callSpan(whole), { ...callSpan(whole), traceId: 'ab' }])));
    expect(responseType.toObject(responseType.decode(some), { longs: Number })).toMatchObject({
      partialSuccess: { rejectedSpans: 1, errorMessage: expect.stringContaining('trace id') },
    });
    const lacking = await send(toProtobuf(requestOf([callSpan([text('tenant.id', 'acme')])])));
    expect(responseType.toObject(responseType.decode(lacking))).toMatchObject({
      partialSuccess: { errorMessage: expect.stringContaining('lacks feature.id') },
    });
    expect(stored).toHaveLength(2);
  });

  it('refuses for good what is malformed', async () => {
    const { stored, metric } = await start();
    const error = await refusal(send(Buffer.from([0x0a, 0x7f])));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toMatch(/byte/);
    expect(retrySeconds(error)).toBeUndefined();
    expect(stored).toHaveLength(0);
    expect(await metric('waybill_requests_refused_total{transport="grpc",reason="malformed"}')).toBe(1);
  });

  it('says that the store is away, and when to come again', async () => {
    await start({ write: () => Promise.reject(new StoreUnavailable('ClickHouse is away.', { retryAfterSeconds: 7 })) });
    const error = await refusal(send(good()));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.details).toBe('ClickHouse is away.');
    expect(retrySeconds(error)).toBe(7);
  });

  it('says that there is no memory for more, and when to come again', async () => {
    let release = (): void => {};
    const held = new Promise<void>((done) => (release = done));
    const { stored } = await start({ write: () => held, maxBytesInFlight: 1_000 });
    const body = toProtobuf(requestOf(Array.from({ length: 3 }, (_, i) => callSpan(whole, i + 1))));
    const first = send(body);
    const error = await refusal(send(body));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(retrySeconds(error)).toBe(1);
    release();
    await first;
    await send(body);
    expect(stored).toHaveLength(6);
  });

  it.each([
    ['as it is', Buffer.alloc(200_000), {}],
    ['when unpacked', Buffer.alloc(200_000), { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }],
  ])('refuses for good what is too large %s', async (_when, body, clientOptions) => {
    await start({ maxBodyBytes: 100_000 }, clientOptions);
    const error = await refusal(send(body));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(retrySeconds(error)).toBeUndefined();
  });

  it.each(['metrics', 'logs'])('says that %s are not taken', async (signal) => {
    await start();
    const service = `${signal[0]?.toUpperCase()}${signal.slice(1)}Service`;
    const path = `/opentelemetry.proto.collector.${signal}.v1.${service}/Export`;
    const error = await refusal(send(good(), path));
    expect(error.code).toBe(status.UNIMPLEMENTED);
    expect(error.details).toMatch(/traces only/);
  });

  it('cuts a request that never ends, and serves others meanwhile, who lose nothing when their connection is old', async () => {
    const { stored } = await start({ maxConnectionAgeMs: 500 });
    const session = connectHttp2(`http://127.0.0.1:${receiver.port}`);
    const cut = once(session, 'close');
    session.on('error', () => {});
    const endless = session.request({
      ':method': 'POST',
      ':path': TRACES,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    endless.on('error', () => {});
    // The prefix of a message that claims a megabyte, and then a byte now and then.
    endless.write(Buffer.from('0000100000', 'hex'));
    const drip = setInterval(() => endless.write('a'), 20);
    const startedMs = performance.now();
    let sent = 0;
    for (; performance.now() - startedMs < 2_000; sent += 1) await send(good());
    await cut;
    clearInterval(drip);
    expect(sent).toBeGreaterThan(10);
    expect(stored).toHaveLength(sent);
  });

  it.each([
    ['noise', 'hello?\r\n\r\n'],
    ['HTTP/1.1', 'POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n'],
    ['a frame of 16 MiB', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x01'],
  ])('closes the connection of one who sends %s, and serves others', async (_what, bytes) => {
    const { stored } = await start();
    const socket = connect(receiver.port, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write(bytes, 'latin1');
    await once(socket, 'close');
    await send(good());
    expect(stored).toHaveLength(1);
  });

  it('is refused to those who call this machine by a name from elsewhere', async () => {
    const { stored } = await start({}, { 'grpc.default_authority': 'waybill.evil.example' });
    const error = await refusal(send(good()));
    expect(error.code).toBe(status.PERMISSION_DENIED);
    expect(error.details).toContain("The host 'waybill.evil.example' is not served here");
    expect(stored).toEqual([]);
  });

  it('says which port is taken', async () => {
    await start();
    const intake = createIntake({
      contract: contract(),
      clockUs: () => 0,
      metrics: createMetrics(),
      sink: { write: async () => {} },
    });
    await expect(
      startGrpcReceiver({
        host: '127.0.0.1',
        port: receiver.port,
        intake,
        log: pino({ level: 'silent' }),
        metrics: createMetrics(),
      }),
    ).rejects.toThrow(/is taken by another process\. Choose another one with --grpc-port/);
  });

  it('waits for what is in work when it stops, and may be stopped twice', async () => {
    let release = (): void => {};
    let begun = (): void => {};
    const writing = new Promise<void>((done) => (begun = done));
    const held = new Promise<void>((done) => (release = done));
    const { stored } = await start({
      write: () => {
        begun();
        return held;
      },
    });
    const sent = send(good());
    await writing;
    const stops = [receiver.stop(), receiver.stop()];
    release();
    await Promise.all([sent, ...stops]);
    expect(stored).toHaveLength(1);
    expect((await refusal(send(good()))).code).toBe(status.UNAVAILABLE);
  });
});
