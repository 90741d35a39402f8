import type { DiagLogger } from '@opentelemetry/api';
import { context, diag, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createAttributionPropagator } from '../../instrumentation/attribution-propagator.js';
import { createAttributionSpanProcessor } from '../../instrumentation/attribution-span-processor.js';

/** OpenTelemetry in this process, as `waybill/register` sets it up, with spans and warnings kept. */
export interface Otel {
  readonly spans: () => readonly ReadableSpan[];
  readonly warnings: readonly string[];
  /** Forgets spans and warnings. */
  readonly clear: () => void;
  readonly stop: () => Promise<void>;
}

export function startOtel(
  processor: SpanProcessor = createAttributionSpanProcessor(),
  propagator = createAttributionPropagator(),
): Otel {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [processor, new SimpleSpanProcessor(exporter)] });
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const logger: DiagLogger = {
    error: ignore,
    warn: (text) => warnings.push(text),
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  diag.setLogger(logger, { suppressOverrideMessage: true });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(propagator);
  trace.setGlobalTracerProvider(provider);
  return {
    spans: () => exporter.getFinishedSpans(),
    warnings,
    clear: () => {
      exporter.reset();
      warnings.length = 0;
    },
    stop: async () => {
      await provider.shutdown();
      for (const api of [context, propagation, trace, diag]) api.disable();
    },
  };
}
