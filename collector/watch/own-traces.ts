import { setTimeout as sleep } from 'node:timers/promises';
import type { Attributes, SpanKind as Kind, Tracer } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { packageVersion } from '../package-path.js';
import { StartError } from '../start-error.js';

/** Waybill's own traces: what it does itself, for whoever runs it. */
export interface OwnTraces extends AsyncDisposable {
  /** Does something within a span of its own. */
  readonly within: <T>(name: string, attributes: Attributes, action: () => Promise<T>) => Promise<T>;
  /** Makes a span of every request of an express app. */
  readonly requests: RequestHandler;
}

/** The setting by which they are asked for: where OTLP/HTTP is taken. */
export const OWN_TRACES = 'WAYBILL_OWN_TRACES';

/** A receiver that is slower counts as away, and when Waybill ends it waits no longer than this for the last ones. */
const EXPORT_WITHIN_MS = 2_000;
const LAST_WORDS_MS = 3_000;

/** OpenTelemetry's numbers, without which nothing of it need be loaded while this is off. */
const INTERNAL: Kind = 0;
const SERVER: Kind = 1;
const FAILED = 2;

/**
 * Reads where own traces are to go; null: nowhere.
 *
 * @param otlpPort where Waybill itself listens: it would never come to an end with its own traces
 * @throws StartError where it is no address, or Waybill's own
 */
export function ownTracesUrl(env: NodeJS.ProcessEnv, otlpPort: number): URL | null {
  const text = env[OWN_TRACES] ?? '';
  if (text === '') return null;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new StartError(`${OWN_TRACES}: '${text}' is no address; it looks like http://collector:4318.`);
  }
  const url = new URL(text);
  const isHere = /^(?:localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0)$/.test(url.hostname);
  if (isHere && Number(url.port) === otlpPort) {
    throw new StartError(
      `${OWN_TRACES} names this Waybill itself: each trace that it sends would make it send another.`,
    );
  }
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url;
}

/**
 * Starts to send own traces by OTLP/HTTP. OpenTelemetry is loaded only here; its sampler is chosen by
 * `OTEL_TRACES_SAMPLER`, and what waits to be sent is bounded: a receiver that is away costs spans, not memory.
 */
export async function startOwnTraces(url: URL): Promise<OwnTraces> {
  const [{ tracing, resources }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const provider = new tracing.BasicTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'waybill', 'service.version': packageVersion() }),
    spanProcessors: [
      new tracing.BatchSpanProcessor(new OTLPTraceExporter({ url: url.href, timeoutMillis: EXPORT_WITHIN_MS })),
    ],
  });
  const tracer = provider.getTracer('waybill', packageVersion());
  return {
    within: (name, attributes, action) => within(tracer, name, attributes, action),
    requests: requestsOf(tracer),
    [Symbol.asyncDispose]: async () => {
      const sent = provider.shutdown().catch(() => undefined);
      await Promise.race([sent, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    },
  };
}

async function within<T>(tracer: Tracer, name: string, attributes: Attributes, action: () => Promise<T>): Promise<T> {
  const span = tracer.startSpan(name, { attributes, kind: INTERNAL });
  try {
    return await action();
  } catch (error) {
    // Not its message, which may quote what was sent.
    span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
    span.setStatus({ code: FAILED });
    throw error;
  } finally {
    span.end();
  }
}

function requestsOf(tracer: Tracer): RequestHandler {
  return (request, response, next) => {
    // Of the path only what we serve by that name: it may hold ids, and anything that a stranger makes up.
    const span = tracer.startSpan(request.method, {
      kind: SERVER,
      attributes: { 'http.request.method': request.method },
    });
    response.once('close', () => {
      const route: unknown = request.route;
      const path = isRoute(route) ? `${request.baseUrl}${route.path}` : '';
      if (path !== '') span.updateName(`${request.method} ${path}`).setAttribute('http.route', path);
      span.setAttribute('http.response.status_code', response.statusCode);
      if (response.statusCode >= 500) span.setStatus({ code: FAILED });
      span.end();
    });
    next();
  };
}

function isRoute(route: unknown): route is { readonly path: string } {
  return typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string';
}
