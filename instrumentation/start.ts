import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Span } from '@opentelemetry/api';
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { isAiSdkEmbedding } from './ai-sdk.js';
import { createAttributionPropagator } from './attribution-propagator.js';
import { createAttributionSpanProcessor } from './attribution-span-processor.js';
import { flushAtExit } from './flush-at-exit.js';
import { hookModules } from './hook-modules.js';
import { HOOKED_CLIENTS, instrumentModelClients } from './model-clients.js';
import type { ModelEndpoints } from './model-endpoint.js';
import { createModelEndpoints } from './model-endpoint.js';
import type { Signing } from './sign-attribution.js';
import { createUnreportedClients } from './unreported-clients.js';

/** The modules that are instrumented; the loader keeps its hands off everything else. */
const HOOKED_MODULES = ['http', 'https', 'express', ...HOOKED_CLIENTS];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Starts tracing in this process: instruments `http`, `fetch`, `express` and the clients of models, propagates trace context and
 * baggage, stamps attribution on every span, and exports over OTLP.
 *
 * @param env the process environment; `OTEL_*` variables that are not named here are read by the OpenTelemetry SDK
 */
export async function startInstrumentation(env: Environment): Promise<void> {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return;
  // The SDK sets a logger only where the variable is there; a collector's warnings must be seen without it.
  if (!isSet(env, 'OTEL_LOG_LEVEL')) diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
  await hookModules(HOOKED_MODULES);
  const modelEndpoints = createModelEndpoints({
    isReported: isAiSdkEmbedding,
    onUnreported: createUnreportedClients(),
  });
  const modelClients = instrumentModelClients(env);
  const exporters = await exportersFrom(env);
  let endedSpans = 0;
  const counter: SpanProcessor = {
    onStart: () => undefined,
    onEnd: () => {
      endedSpans += 1;
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const sign = signingFrom(env);
  const sdk = new NodeSDK({
    instrumentations: [...instrumentations(modelEndpoints), ...modelClients.instrumentations],
    spanProcessors: [
      createAttributionSpanProcessor({ sign }),
      modelEndpoints.spanProcessor,
      ...modelClients.spanProcessors,
      counter,
      ...exporters,
    ],
    ...(isSet(env, 'OTEL_PROPAGATORS') ? {} : { textMapPropagator: createAttributionPropagator({ sign }) }),
    ...(isSet(env, 'OTEL_METRICS_EXPORTER') ? {} : { metricReaders: [] }),
    ...(isSet(env, 'OTEL_LOGS_EXPORTER') ? {} : { logRecordProcessors: [] }),
  });
  sdk.start();
  flushAtExit(process, {
    endedSpans: () => endedSpans,
    flush: async () => {
      await Promise.all(exporters.map((exporter) => exporter.forceFlush()));
    },
  });
}

function instrumentations({ mark }: ModelEndpoints) {
  return [
    new HttpInstrumentation({ requestHook: (span, request) => markHttp(span, request, mark) }),
    new UndiciInstrumentation({
      requestHook: (span, { method, origin, path, headers }) =>
        mark(span, { method, host: new URL(origin).hostname, path, userAgent: userAgentIn(headers) }),
    }),
    new ExpressInstrumentation(),
  ];
}

/** The hook is called for requests that come in, too; only those that go out may be calls. */
function markHttp(span: Span, request: ClientRequest | IncomingMessage, mark: ModelEndpoints['mark']): void {
  if (!('getHeader' in request)) return;
  const userAgent = request.getHeader('user-agent');
  mark(span, {
    method: request.method,
    host: request.host,
    path: request.path,
    userAgent: typeof userAgent === 'string' ? userAgent : '',
  });
}

/** From undici 6 on, headers are a list in which names and values take turns; before, they are the text itself. */
function userAgentIn(headers: string | readonly (string | readonly string[])[]): string {
  if (typeof headers === 'string') return /^user-agent: *(.*)$/im.exec(headers)?.[1]?.trim() ?? '';
  const at = headers.findIndex((one, i) => i % 2 === 0 && String(one).toLowerCase() === 'user-agent');
  return at === -1 ? '' : String(headers[at + 1]);
}

/** The key that attribution is signed with, as `WAYBILL_SIGNING_KEY`, `_KID` and `_ALG` have it. */
function signingFrom(env: Environment): Signing | undefined {
  const key = env['WAYBILL_SIGNING_KEY'];
  if (key === undefined || key.trim() === '') return undefined;
  const alg = env['WAYBILL_SIGNING_ALG']?.trim() === 'EdDSA' ? 'EdDSA' : 'HS256';
  return { key, kid: env['WAYBILL_SIGNING_KID']?.trim() ?? '', alg };
}

/** The processors that export, as `OTEL_TRACES_EXPORTER` has them. */
async function exportersFrom(env: Environment): Promise<SpanProcessor[]> {
  const names = new Set((env['OTEL_TRACES_EXPORTER'] ?? '').split(',').flatMap((name) => name.trim() || []));
  if (names.has('none')) return [];
  const exporters: SpanProcessor[] = [];
  if (names.has('console')) exporters.push(new SimpleSpanProcessor(new ConsoleSpanExporter()));
  if (names.size === 0 || names.has('otlp')) {
    exporters.push(createOtlpProcessor(await createOtlpExporter(env)));
  }
  for (const name of names) {
    if (name !== 'console' && name !== 'otlp')
      diag.warn(`OTEL_TRACES_EXPORTER=${name} is not known: otlp, console, none.`);
  }
  return exporters;
}

/** Sends spans over OTLP in batches. A flush waits for the batch that is under way, too, which the SDK's own does not. */
function createOtlpProcessor(exporter: Required<SpanExporter>): SpanProcessor {
  const batches = new BatchSpanProcessor(exporter);
  return {
    onStart: (span, parentContext) => batches.onStart(span, parentContext),
    onEnd: (span) => batches.onEnd(span),
    forceFlush: async () => {
      await Promise.all([exporter.forceFlush(), batches.forceFlush()]);
    },
    shutdown: () => batches.shutdown(),
  };
}

/** The exporter for the protocol that is asked for; the one of traces goes before the one of all signals. */
async function createOtlpExporter(env: Environment): Promise<Required<SpanExporter>> {
  const names = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'];
  const name = names.find((name) => isSet(env, name));
  const protocol = name === undefined ? 'http/protobuf' : env[name]?.trim();
  if (protocol === 'http/json') {
    // Loaded only here: hardly anyone asks for it.
    const json = await import('@opentelemetry/exporter-trace-otlp-http');
    return new json.OTLPTraceExporter();
  }
  if (protocol !== 'http/protobuf') {
    diag.warn(`OTLP over ${protocol} is not built into waybill/register; http/protobuf is used.`);
  }
  return new OTLPTraceExporter();
}

function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? '').trim() !== '';
}
