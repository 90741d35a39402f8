import type { sendUnaryData, ServerCredentials, ServerUnaryCall, UntypedHandleCall } from '@grpc/grpc-js';
import { logVerbosity, Metadata, Server, setLogVerbosity, status } from '@grpc/grpc-js';
import { isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import type { Door } from '../keys/door.js';
import { hostIn, localDoor } from '../keys/door.js';
import { keyIn } from '../keys/secret.js';
import { StartError } from '../start-error.js';
import type { Certificate } from '../tls.js';
import type { Metrics } from '../watch/metrics.js';
import { grpcCredentials } from './grpc-credentials.js';
import { failureOf } from './failure.js';
import type { Intake } from './intake.js';
import { exportResponse, retryStatus } from './response.js';

export interface GrpcReceiverOptions {
  readonly host: string;
  readonly port: number;
  /** What it gives requests to: that of the HTTP receiver. */
  readonly intake: Intake;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Left out: it serves this machine alone. */
  readonly door?: Door;
  /** Left out: it speaks in the clear. */
  readonly certificate?: Certificate | null;
  /** The largest request that is taken, before and after decompression. */
  readonly maxBodyBytes?: number;
  /** After so long a connection takes no more requests, and a tenth of it later it is cut. */
  readonly maxConnectionAgeMs?: number;
}

/** A running OTLP/gRPC receiver. */
export interface GrpcReceiver extends AsyncDisposable {
  readonly port: number;
  /** Stops taking requests and waits for those in work; may be called twice. */
  readonly stop: () => Promise<void>;
}

const MIB = 1024 ** 2;
/** Requests that are not answered by then are cut off. */
const CUT_OFF_MS = 10_000;
/** Requests of one connection that may be in work at once. */
const MAX_STREAMS = 64;
/** The library bounds no request in time: one that never ends ends with its connection. Honest senders open another. */
const MAX_CONNECTION_AGE_MS = 600_000;

const SERVICES = 'opentelemetry.proto.collector';

/**
 * Starts the OTLP/gRPC receiver: the same as over HTTP, in gRPC's words. Requests stay bytes until our own decoder has
 * them. https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 *
 * @throws StartError where the port is taken
 */
export async function startGrpcReceiver(options: GrpcReceiverOptions): Promise<GrpcReceiver> {
  // What the library would write beside our log is thrown as well.
  setLogVerbosity(logVerbosity.NONE);
  const { host, port, intake, log, metrics, certificate = null, door = localDoor } = options;
  const { maxBodyBytes = 64 * MIB, maxConnectionAgeMs = MAX_CONNECTION_AGE_MS } = options;
  const server = new Server({
    'grpc.max_receive_message_length': maxBodyBytes,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 300_000,
    'grpc.max_connection_age_ms': maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': maxConnectionAgeMs / 10,
  });

  function takeTraces(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void {
    take(call).then(
      (response) => answer(null, response),
      (error: unknown) => answer(refusalOf(error)),
    );
  }

  async function take(call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> {
    const { request, metadata } = call;
    const share = intake.open();
    try {
      share.take(request.length);
      const key = keyIn(headersOf(metadata));
      const caller = await door.admit({ key, host: hostIn(call.getHost()) }, 'ingest', 'spans over gRPC');
      const { rejected, message } = await intake.take(request, 'protobuf', 'grpc', caller, share);
      return exportResponse('protobuf', rejected, message);
    } finally {
      share.end();
    }
  }

  function refusalOf(error: unknown): { code: number; details: string; metadata: Metadata } {
    const { refusal, code, message, retryAfterSeconds } = failureOf(error);
    metrics.refused('grpc', refusal);
    if (refusal === 'internal') log.error({ err: error }, 'A request could not be stored');
    const metadata = new Metadata();
    // Per the specification, RESOURCE_EXHAUSTED without RetryInfo is never sent again, and UNAVAILABLE always is.
    if (retryAfterSeconds !== null) {
      metadata.set('grpc-status-details-bin', retryStatus(code, message, retryAfterSeconds));
    }
    return { code, details: message, metadata };
  }

  function refuseSignal(signal: string): UntypedHandleCall {
    return (_call: unknown, answer: sendUnaryData<Buffer>) => {
      metrics.refused('grpc', 'not-offered');
      answer({
        code: status.UNIMPLEMENTED,
        details: `Waybill takes traces only. Send ${signal} elsewhere, or set OTEL_${signal.toUpperCase()}_EXPORTER=none.`,
      });
    };
  }

  serveExport(server, `${SERVICES}.trace.v1.TraceService`, takeTraces);
  serveExport(server, `${SERVICES}.metrics.v1.MetricsService`, refuseSignal('metrics'));
  serveExport(server, `${SERVICES}.logs.v1.LogsService`, refuseSignal('logs'));

  const bound = await bind(server, grpcCredentials(certificate), host, port);
  const stop = stopperOf(server);
  return { port: bound, stop, [Symbol.asyncDispose]: stop };
}

/** Headers that are text, the first of each. */
function headersOf(metadata: Metadata): Record<string, string> {
  const text = Object.entries(metadata.getMap()).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(text.map(([name, value]) => [name, String(value)]));
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

/** Serves the one method that every OTLP service has, on bytes. */
function serveExport(server: Server, service: string, handler: UntypedHandleCall): void {
  server.addService(
    {
      export: {
        path: `/${service}/Export`,
        originalName: 'Export',
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    { export: handler },
  );
}

function bind(server: Server, credentials: ServerCredentials, host: string, port: number): Promise<number> {
  const address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return new Promise((done, fail) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) done(bound);
      else {
        const why = error.message.includes('EADDRINUSE')
          ? 'is taken by another process'
          : `cannot be used (${error.message})`;
        fail(new StartError(`Port ${port} on ${host} ${why}. Choose another one with --grpc-port.`));
      }
    });
  });
}

function stopperOf(server: Server): () => Promise<void> {
  let stopped: Promise<void> | null = null;
  return () => {
    stopped ??= new Promise((done) => {
      const cutOff = setTimeout(() => server.forceShutdown(), CUT_OFF_MS);
      server.tryShutdown(() => {
        clearTimeout(cutOff);
        done();
      });
    });
    return stopped;
  };
}
