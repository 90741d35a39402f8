import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Door } from '../keys/door.js';
import { hostIn, localDoor } from '../keys/door.js';
import type { Caller } from '../keys/key-ring.js';
import { keyIn } from '../keys/secret.js';
import { listen, stopperOf } from '../listen.js';
import type { Certificate } from '../tls.js';
import { createWebServer } from '../web-server.js';
import type { Metrics } from '../watch/metrics.js';
import { createMetrics } from '../watch/metrics.js';
import type { AsReceived } from './as-received.js';
import { createBodyMemory } from './body-memory.js';
import { Aborted, readBody, unzip } from './body.js';
import type { ByteShare } from './byte-budget.js';
import { failureOf } from './failure.js';
import type { Intake, IntakeOptions, Taken } from './intake.js';
import { createIntake } from './intake.js';
import type { Encoding, RpcCode } from './response.js';
import { CONTENT_TYPES, errorStatus, exportResponse } from './response.js';

export interface ReceiverOptions extends Omit<IntakeOptions, 'metrics'> {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Left out: it serves this machine alone. */
  readonly door?: Door;
  /** Left out: it speaks in the clear. */
  readonly certificate?: Certificate | null;
  /** Makes the intake; left out: one that stores, and no more. */
  readonly makeIntake?: typeof createIntake;
  /** The largest body that is taken, before and after decompression. */
  readonly maxBodyBytes?: number;
  /** How long a sender may take, as `node:http` names it. */
  readonly timeLimits?: ConnectionTimes;
}

type ConnectionTimes = Pick<
  ServerOptions,
  'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout' | 'connectionsCheckingInterval'
>;

const TIME_LIMITS: ConnectionTimes = {
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};

/** A running OTLP/HTTP receiver. */
export interface Receiver extends AsyncDisposable {
  readonly port: number;
  /** What it gives bodies to; another receiver may do so as well. */
  readonly intake: Intake;
  /** Stops taking requests and waits for those in work; may be called twice. */
  readonly stop: () => Promise<void>;
}

/** What is answered to one request. */
interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const MIB = 1024 ** 2;
/** Memory of bodies that is kept for the next ones. */
const MAX_IDLE_BYTES = 32 * MIB;
const TRACES = '/v1/traces';

/** So long may a sender go on with a request that was refused, so that it gets to read why. */
const LINGER_MS = 1_000;

/**
 * Starts the OTLP/HTTP receiver. It answers 200 when the spans are durable, and says in `partial_success` what was
 * unusable, or what the sender should know. https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 * @throws StartError where the port is taken
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const {
    host,
    port,
    log,
    certificate = null,
    makeIntake = createIntake,
    door = localDoor,
    metrics = createMetrics(),
    maxBodyBytes = 64 * MIB,
  } = options;
  const intake = makeIntake({ ...options, metrics });
  const memory = createBodyMemory(MAX_IDLE_BYTES);

  const server = createWebServer(
    { ...TIME_LIMITS, ...options.timeLimits },
    certificate,
    (request, response) => void handle(request, response),
    () => metrics.refused('http', 'malformed'),
  );

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request.headers['content-type']) ?? 'json';
    try {
      const answer = refusal(request) ?? (await receive(request, encoding));
      if (answer.status !== 200) metrics.refused('http', 'not-offered');
      // While stopping: a sender that keeps its connection would only find it gone.
      if (!server.listening) response.setHeader('Connection', 'close');
      send(request, response, encoding, answer);
    } catch (error) {
      if (error instanceof Aborted) response.destroy();
      else send(request, response, encoding, failure(encoding, error));
    }
  }

  async function receive(request: IncomingMessage, encoding: Encoding): Promise<Answer> {
    const key = keyIn(request.headers);
    const caller = await door.admit({ key, host: hostIn(request.headers.host) }, 'ingest', 'spans over HTTP');
    if (request.destroyed) throw new Aborted('The sender went away.');
    const share = intake.open();
    try {
      const { rejected, message } = await takeBody(request, encoding, caller, share);
      return { status: 200, body: exportResponse(encoding, rejected, message) };
    } finally {
      share.end();
    }
  }

  async function takeBody(
    request: IncomingMessage,
    encoding: Encoding,
    caller: Caller,
    share: ByteShare,
  ): Promise<Taken> {
    const packed = memory.open();
    const unfolded = memory.open();
    let taken: Promise<Taken>;
    try {
      await readBody(request, maxBodyBytes, share.take, packed);
      if (isGzip(request)) await unzip(packed.bytes(), maxBodyBytes, share.take, unfolded);
      const body = isGzip(request) ? unfolded : packed;
      taken = intake.take(body.bytes(), encoding, 'http', caller, share, asReceived(request, packed.bytes()));
    } finally {
      // It is decoded as soon as it is given over: what waits for its insert is rows.
      packed.free();
      unfolded.free();
    }
    return taken;
  }

  function failure(encoding: Encoding, error: unknown): Answer {
    const { refusal: reason, status, code, message, retryAfterSeconds } = failureOf(error);
    metrics.refused('http', reason);
    if (reason === 'internal') log.error({ err: error }, 'A request could not be stored');
    const headers = retryAfterSeconds === null ? {} : { 'Retry-After': String(retryAfterSeconds) };
    return { status, body: errorStatus(encoding, code, message), headers };
  }

  const stop = stopperOf(server);
  return { port: await listen(server, host, port, '--otlp-port'), intake, stop, [Symbol.asyncDispose]: stop };
}

/** What is wrong with a request before its body is looked at; null: nothing. */
function refusal(request: IncomingMessage): Answer | null {
  const encoding = encodingOf(request.headers['content-type']);
  const path = (request.url ?? '').split('?')[0];
  const say = (status: number, code: RpcCode, message: string, headers = {}): Answer => ({
    status,
    body: errorStatus(encoding ?? 'json', code, message),
    headers,
  });
  if (path === '/v1/metrics' || path === '/v1/logs') {
    return say(
      404,
      12,
      `Waybill takes traces only. Send ${path.slice(4)} elsewhere, or set OTEL_${path.slice(4).toUpperCase()}_EXPORTER=none.`,
    );
  }
  if (path !== TRACES) return say(404, 5, `There is nothing at ${path ?? ''}. Traces go to POST ${TRACES}.`);
  if (request.method !== 'POST')
    return say(405, 12, `Traces are sent with POST, not ${request.method ?? ''}.`, { Allow: 'POST' });
  if (encoding === null) {
    return say(
      415,
      3,
      `Content-Type '${request.headers['content-type'] ?? ''}' is not taken; application/x-protobuf and application/json are.`,
    );
  }
  const packing = request.headers['content-encoding'] ?? 'identity';
  if (packing !== 'identity' && packing !== 'gzip') {
    return say(415, 3, `Content-Encoding '${packing}' is not taken; gzip and identity are.`);
  }
  return null;
}

function encodingOf(contentType: string | undefined): Encoding | null {
  switch ((contentType ?? '').split(';', 1).join('').trim().toLowerCase()) {
    case 'application/x-protobuf':
    case 'application/protobuf':
      return 'protobuf';
    case 'application/json':
      return 'json';
    default:
      return null;
  }
}

/** A body with the headers that say how to read it. */
function asReceived({ headers }: IncomingMessage, bytes: Buffer): AsReceived {
  const { 'content-type': contentType = '', 'content-encoding': contentEncoding = null, via } = headers;
  return { bytes, contentType, contentEncoding, via };
}

function isGzip(request: IncomingMessage): boolean {
  return request.headers['content-encoding'] === 'gzip';
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  encoding: Encoding,
  { status, body, headers }: Answer,
): void {
  if (response.destroyed) return;
  const isClosing = !request.complete && mayBeLong(request);
  response.writeHead(status, {
    'Content-Type': CONTENT_TYPES[encoding],
    'Content-Length': body.length,
    ...headers,
    ...(isClosing ? { Connection: 'close' } : {}),
  });
  if (isClosing) answerEarly(request, response, body);
  else {
    response.end(body);
    // What is left of a refused request would otherwise be taken for the next one.
    request.resume();
  }
}

function mayBeLong({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MIB;
}

/**
 * Answers a request whose body was not read to its end. A connection that is closed while its sender still writes is
 * reset, and the answer is lost with it: so what comes is thrown away for a moment, and closed then.
 */
function answerEarly(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  response.write(body);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once('end', end).once('close', end).resume();
}
