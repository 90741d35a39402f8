// The OpenTelemetry SDK of an application, as its documentation has it. It keeps spans in place of sending them.
import { NodeSDK } from '@opentelemetry/sdk-node';

const { APP_SDK = 'NodeSDK', APP_SDK_BAGGAGE = 'yes' } = process.env;

const exporter = {
  spans: [],
  export(spans, done) {
    this.spans.push(...spans);
    done({ code: 0 });
  },
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

async function startProvider() {
  const { node, tracing } = await import('@opentelemetry/sdk-node');
  const provider = new node.NodeTracerProvider({ spanProcessors: [new tracing.BatchSpanProcessor(exporter)] });
  provider.register();
  return provider;
}

async function traceContextOnly() {
  if (APP_SDK_BAGGAGE === 'yes') return {};
  const { core } = await import('@opentelemetry/sdk-node');
  return { textMapPropagator: new core.W3CTraceContextPropagator() };
}

function startNodeSdk(options) {
  const sdk = new NodeSDK({ traceExporter: exporter, metricReaders: [], logRecordProcessors: [], ...options });
  sdk.start();
  return sdk;
}

/** A provider that is not OpenTelemetry's own. */
async function startOther() {
  const { ProxyTracerProvider, trace } = await import('@opentelemetry/api');
  trace.setGlobalTracerProvider(new ProxyTracerProvider());
  return { shutdown: async () => undefined };
}

async function start() {
  if (APP_SDK === 'NodeTracerProvider') return startProvider();
  return APP_SDK === 'other' ? startOther() : startNodeSdk(await traceContextOnly());
}

const sdk = await start();

/** The attributes of each span that ended, by its name. */
export async function endedSpans() {
  await sdk.shutdown();
  return exporter.spans.map(({ name, attributes }) => [name, attributes]);
}
