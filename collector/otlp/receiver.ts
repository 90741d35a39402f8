import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Logger } from 'pino';
import type { CompiledContract } from '../../auditor/contract.js';
import { listen, stopperOf } from '../listen.js';
import { StoreUnavailable } from '../store/errors.js';
import type { SpanRows } from '../store/span-rows.js';
import { Aborted, BodyTooLarge, readBody, unzip } from './body.js';
import { createByteBudget, OverBudget } from './byte-budget.js';
import { MalformedRequest, TooManySpans } from './errors.js';
import { createHints } from './hints.js';
import { decodeJson } from './json.js';
import { decodeProtobuf } from './protobuf.js';
import type { Encoding, RpcCode } from './response.js';
import { CONTENT_TYPES, errorStatus, exportResponse } from './response.js';
import { createSpanReader } from './span-reader.js';

export interface ReceiverOptions {
  readonly host: string;
  readonly port: number;
  readonly contract: CompiledContract;
  /** Takes the spans; resolves when they are durable, rejects with `StoreUnavailable` when they are not. */
  readonly sink: { readonly write: (rows: SpanRows) => Promise<void> };
  readonly log: Logger;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  /** The largest body that is taken, before and after decompression. */
  readonly maxBodyBytes?: number;
  /** Bytes of all bodies, packed and unpacked, that may be in work at once. */
  readonly maxBytesInFlight?: number;
}

/** A running OTLP/HTTP receiver. */
export interface Receiver extends AsyncDisposable {
  readonly port: number;
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
const TRACES = '/v1/traces';

/** A span takes a few hundred bytes in memory, and may take thirty in a request. */
const MAX_SPANS = 200_000;

/** So long may a sender go on with a request that was refused, so that it gets to read why. */
const LINGER_MS = 1_000;

/**
 * Starts the OTLP/HTTP receiver. It answers 200 when the spans are durable, and says in `partial_success` what was
 * unusable, or what the sender should know. https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 * @throws StartError where the port is taken
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { host, port, contract, sink, log, clockUs, maxBodyBytes = 64 * MIB, maxBytesInFlight = 256 * MIB } = options;
  const reader = createSpanReader(contract, { maxSpans: MAX_SPANS });
  const hint = createHints(contract, clockUs);
  const budget = createByteBudget(maxBytesInFlight);

  const server = createServer(
    { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 60_000, connectionsCheckingInterval: 5_000 },
    (request, response) => {
      void handle(request, response);
    },
  );

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request.headers['content-type']) ?? 'json';
    try {
      const answer = refusal(request) ?? (await receive(request, encoding));
      // While stopping: a sender that keeps its connection would only find it gone.
      if (!server.listening) response.setHeader('Connection', 'close');
      send(request, response, encoding, answer);
    } catch (error) {
      if (error instanceof Aborted) response.destroy();
      else send(request, response, encoding, failure(encoding, error, log));
    }
  }

  async function receive(request: IncomingMessage, encoding: Encoding): Promise<Answer> {
    const share = budget.open();
    try {
      const packed = await readBody(request, maxBodyBytes, share.take);
      const body = isGzip(request) ? await unzip(packed, maxBodyBytes, share.take) : packed;
      if (body !== packed) share.giveBack(packed.length);
      const { rows, rejected, rejectedReason, lacking } = (encoding === 'json' ? decodeJson : decodeProtobuf)(
        body,
        reader,
      );
      await sink.write(rows);
      const message =
        rejected > 0 ? `${rejected} spans were rejected; of the first, the ${rejectedReason}.` : hint(lacking);
      return { status: 200, body: exportResponse(encoding, rejected, message) };
    } finally {
      share.end();
    }
  }

  const stop = stopperOf(server);
  return { port: await listen(server, host, port, '--otlp-port'), stop, [Symbol.asyncDispose]: stop };
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

function isGzip(request: IncomingMessage): boolean {
  return request.headers['content-encoding'] === 'gzip';
}

/** Which errors may be sent again is told by their types: 400 and 413 never, 503 later. */
function failure(encoding: Encoding, error: unknown, log: Logger): Answer {
  if (error instanceof MalformedRequest) return { status: 400, body: errorStatus(encoding, 3, error.message) };
  if (error instanceof BodyTooLarge || error instanceof TooManySpans) {
    return { status: 413, body: errorStatus(encoding, 8, error.message) };
  }
  if (error instanceof OverBudget) {
    return { status: 429, body: errorStatus(encoding, 8, error.message), headers: { 'Retry-After': '1' } };
  }
  if (error instanceof StoreUnavailable) {
    const headers = { 'Retry-After': String(error.retryAfterSeconds) };
    return { status: 503, body: errorStatus(encoding, 14, error.message), headers };
  }
  log.error({ err: error }, 'A request could not be stored');
  return {
    status: 500,
    body: errorStatus(encoding, 13, 'The request could not be stored; the log of Waybill says why.'),
  };
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
