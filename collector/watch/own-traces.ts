import type { Attributes, Tracer } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { packageVersion } from '../package-path.js';
import { lastWords, ownResource } from './own-telemetry.js';

/** Waybill's own traces: what it does itself, for whoever runs it. */
export interface OwnTraces extends AsyncDisposable {
  /** Does something within a span of its own. */
  readonly within: <T>(name: string, attributes: Attributes, action: () => Promise<T>) => Promise<T>;
  /** Makes a span of every request of an express app. */
  readonly requests: RequestHandler;
}

/** A receiver that is slower counts as away. */
const EXPORT_WITHIN_MS = 2_000;

/**
 * Starts to send own traces by OTLP/HTTP. The SDK is loaded only here; its sampler is chosen by
 * `OTEL_TRACES_SAMPLER`, and what waits to be sent is bounded: a receiver that is away costs spans, not memory.
 */
export async function startOwnTraces(url: URL): Promise<OwnTraces> {
  const [{ tracing, resources }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const provider = new tracing.BasicTracerProvider({
    resource: resources.resourceFromAttributes(ownResource()),
    spanProcessors: [
      new tracing.BatchSpanProcessor(new OTLPTraceExporter({ url: url.href, timeoutMillis: EXPORT_WITHIN_MS })),
    ],
  });
  const tracer = provider.getTracer('waybill', packageVersion());
  return {
    within: (name, attributes, action) => within(tracer, name, attributes, action),
    requests: requestsOf(tracer),
    [Symbol.asyncDispose]: () => lastWords(provider.shutdown()),
  };
}

async function within<T>(tracer: Tracer, name: string, attributes: Attributes, action: () => Promise<T>): Promise<T> {
  const span = tracer.startSpan(name, { attributes, kind: SpanKind.INTERNAL });
  try {
    return await action();
  } catch (error) {
    // Not its message, which may quote what was sent.
    span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

function requestsOf(tracer: Tracer): RequestHandler {
  return (request, response, next) => {
    // Of the path only what we serve by that name: it may hold ids, and anything that a stranger makes up.
    const span = tracer.startSpan(request.method, {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': request.method },
    });
    response.once('close', () => {
      const route: unknown = request.route;
      const path = isRoute(route) ? `${request.baseUrl}${route.path}` : '';
      if (path !== '') span.updateName(`${request.method} ${path}`).setAttribute('http.route', path);
      span.setAttribute('http.response.status_code', response.statusCode);
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    next();
  };
}

function isRoute(route: unknown): route is { readonly path: string } {
  return typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string';
}
