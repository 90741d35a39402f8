import type { DiagLogger } from '@opentelemetry/api';
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { endLeftAiSdkCalls, isAiSdkEmbedding } from './ai-sdk.js';
import { createAttributionPropagator } from './attribution-propagator.js';
import { createAttributionHooks } from './attribution-span-processor.js';
import type { Environment } from './environment.js';
import { isSet, signingFrom } from './environment.js';
import { flushAtExit } from './flush-at-exit.js';
import { createGatewayHeaders, destinationsFrom } from './gateway-headers.js';
import { hopInstrumentations, hopModules } from './hops.js';
import { hookModules } from './hook-modules.js';
import { HOOKED_CLIENTS, instrumentModelClients } from './model-clients.js';
import { createModelEndpoints } from './model-endpoint.js';
import { releaseProcess } from './release-process.js';
import { requestInstrumentations } from './request-instrumentations.js';
import { lasting } from './send-at-exit.js';
import type { SpanHooks } from './span-hooks.js';
import { processorOf } from './span-hooks.js';
import { startSdk } from './start-sdk.js';
import { createUnreportedClients } from './unreported-clients.js';

/** The modules that are instrumented; the loader keeps its hands off everything else. */
const HOOKED_MODULES = ['http', 'https', 'express', ...HOOKED_CLIENTS];

const SECOND_SDK =
  'The application starts an OpenTelemetry SDK of its own, and waybill/register has started one already: of two, ' +
  'OpenTelemetry takes the first. Set WAYBILL_SDK=app, and waybill/register only adds attribution to the one of the ' +
  'application.';

/**
 * Starts tracing in this process: instruments `http`, `fetch`, `express`, what `hopInstrumentations` has and the clients
 * of models, propagates trace context and baggage, stamps attribution on every span, and exports over OTLP.
 *
 * @param env the process environment; `OTEL_*` variables that are not named here are read by the OpenTelemetry SDK
 */
export async function startInstrumentation(env: Environment): Promise<void> {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return;
  // The SDK sets a logger only where the variable is there; a collector's warnings must be seen without it.
  if (!isSet(env, 'OTEL_LOG_LEVEL')) diag.setLogger(createLogger(), DiagLogLevel.WARN);
  await hookModules([...HOOKED_MODULES, ...hopModules]);
  const modelEndpoints = createModelEndpoints({
    isReported: isAiSdkEmbedding,
    onUnreported: createUnreportedClients(),
  });
  const modelClients = instrumentModelClients(env);
  const exporters = await exportersFrom(env);
  let endedSpans = 0;
  const counter: SpanHooks = {
    onEnd: () => {
      endedSpans += 1;
    },
  };
  const sign = signingFrom(env);
  const tracing = {
    instrumentations: [
      ...requestInstrumentations(modelEndpoints, createGatewayHeaders(destinationsFrom(env['WAYBILL_CARRIERS']))),
      new ExpressInstrumentation(),
      ...hopInstrumentations(),
      ...modelClients.instrumentations,
    ],
    spanProcessors: [
      processorOf([createAttributionHooks({ sign }), modelEndpoints.spanHooks, ...modelClients.spanHooks, counter]),
      ...exporters,
    ],
    propagator: createAttributionPropagator({ sign }),
  };
  await startSdk(tracing, env);
  await Promise.all(exporters.map(async (exporter) => exporter.prepare?.()));
  flushAtExit(process, {
    endedSpans: () => endedSpans,
    endLeft: endLeftAiSdkCalls,
    flush: async () => {
      await Promise.all(exporters.map((exporter) => exporter.forceFlush()));
    },
    sendAtOnce: () => {
      for (const exporter of exporters) exporter.sendAtOnce?.();
    },
  });
}

/** Writes to the console; a second SDK, which OpenTelemetry refuses in words of its own, is explained. */
function createLogger(): DiagLogger {
  const logger = new DiagConsoleLogger();
  const { error } = logger;
  logger.error = (message, ...rest) =>
    message.includes('duplicate registration of API: trace') ? error(SECOND_SDK) : error(message, ...rest);
  return logger;
}

/** A processor that exports; what has not been sent yet it may be able to send when nothing can be waited for. */
interface Exporting extends SpanProcessor {
  readonly prepare?: () => Promise<void>;
  readonly sendAtOnce?: () => void;
}

/** The processors that export, as `OTEL_TRACES_EXPORTER` has them. */
async function exportersFrom(env: Environment): Promise<Exporting[]> {
  const names = new Set((env['OTEL_TRACES_EXPORTER'] ?? '').split(',').flatMap((name) => name.trim() || []));
  if (names.has('none')) return [];
  const exporters: Exporting[] = [];
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
function createOtlpProcessor(otlp: Required<SpanExporter>): Exporting {
  const { exporter, prepare, sendAtOnce } = lasting(otlp);
  const batches = new BatchSpanProcessor(exporter);
  releaseProcess(batches, otlp);
  return {
    onStart: (span, parentContext) => batches.onStart(span, parentContext),
    onEnd: (span) => batches.onEnd(span),
    forceFlush: async () => {
      await Promise.all([otlp.forceFlush(), batches.forceFlush()]);
    },
    shutdown: () => batches.shutdown(),
    prepare,
    sendAtOnce: () => sendAtOnce(batches),
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
