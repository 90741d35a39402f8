import type { core, logs, metrics, resources } from '@opentelemetry/sdk-node';
import type { Destination } from '../destination.js';
import { packageVersion } from '../package-path.js';
import { ownResource } from '../watch/own-telemetry.js';

/** OpenTelemetry's SDK, as far as results are sent by it. */
export interface Sdk {
  readonly core: typeof core;
  readonly logs: typeof logs;
  readonly metrics: typeof metrics;
  readonly resource: resources.Resource;
  readonly version: string;
  readonly logExporter: (to: Destination) => logs.LogRecordExporter;
  readonly metricExporter: (to: Destination) => metrics.PushMetricExporter;
}

/** Who takes longer, retries included, counts as away. */
const EXPORT_WITHIN_MS = 10_000;

/** Loads the SDK: only here, so that a Waybill which sends nothing is there sooner. */
export async function loadSdk(): Promise<Sdk> {
  const [{ core, logs, metrics, resources }, { OTLPLogExporter }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-logs-otlp-proto'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
  ]);
  const version = packageVersion();
  return {
    core,
    logs,
    metrics,
    version,
    resource: resources.resourceFromAttributes(ownResource()),
    logExporter: (to) => new OTLPLogExporter(optionsOf(to)),
    metricExporter: (to) => new OTLPMetricExporter(optionsOf(to)),
  };
}

function optionsOf({ url, headers }: Destination): {
  url: string;
  headers: Record<string, string>;
  timeoutMillis: number;
} {
  return { url: url.href, headers: { ...headers }, timeoutMillis: EXPORT_WITHIN_MS };
}
