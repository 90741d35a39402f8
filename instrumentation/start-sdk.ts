import { registerInstrumentations } from '@opentelemetry/instrumentation';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { TextMapPropagator } from '@opentelemetry/api';
import { defaultResource, detectResources } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Environment } from './environment.js';
import { isSet } from './environment.js';
import { resourceDetectors } from './resource-detectors.js';

/** What is traced, and how. */
export interface Tracing {
  readonly instrumentations: Instrumentation[];
  readonly spanProcessors: SpanProcessor[];
  readonly propagator: TextMapPropagator;
}

/** What `@opentelemetry/sdk-node` alone understands. */
const ITS_OWN = [
  'OTEL_LOG_LEVEL',
  'OTEL_LOGS_EXPORTER',
  'OTEL_METRICS_EXPORTER',
  'OTEL_NODE_EXPERIMENTAL_SDK_METRICS',
  'OTEL_NODE_RESOURCE_DETECTORS',
  'OTEL_PROPAGATORS',
];

/**
 * Starts OpenTelemetry's tracing. `@opentelemetry/sdk-node` is loaded only where a variable asks for more than that: with
 * it come all exporters of metrics and logs, which more than doubles the time that an application takes to start.
 */
export async function startSdk(
  { instrumentations, spanProcessors, propagator }: Tracing,
  env: Environment,
): Promise<void> {
  if (!ITS_OWN.some((name) => isSet(env, name))) {
    registerInstrumentations({ instrumentations });
    const resource = defaultResource().merge(detectResources({ detectors: resourceDetectors }));
    new NodeTracerProvider({ resource, spanProcessors }).register({ propagator });
    return;
  }
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    instrumentations,
    spanProcessors,
    ...(isSet(env, 'OTEL_NODE_RESOURCE_DETECTORS') ? {} : { resourceDetectors }),
    ...(isSet(env, 'OTEL_PROPAGATORS') ? {} : { textMapPropagator: propagator }),
    ...(isSet(env, 'OTEL_METRICS_EXPORTER') ? {} : { metricReaders: [] }),
    ...(isSet(env, 'OTEL_LOGS_EXPORTER') ? {} : { logRecordProcessors: [] }),
  });
  sdk.start();
}
