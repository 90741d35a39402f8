import type { CallFacts, Span } from '../../schemas/span.js';

/** Spans as one OTLP/JSON export request, as an SDK of each service would send it. */
export function otlpJson(spans: readonly Span[]): object {
  return {
    resourceSpans: spans.map((span) => ({
      resource: { attributes: attributes({ 'service.name': span.service }) },
      scopeSpans: [{ scope: { name: span.scopeName, version: span.scopeVersion }, spans: [spanJson(span)] }],
    })),
  };
}

function spanJson(span: Span): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    flags: span.flags,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: `${span.startUs}000`,
    endTimeUnixNano: `${span.endUs}000`,
    status: { code: span.status },
    attributes: [
      ...attributes(
        Object.fromEntries(
          Array.from({ length: span.attributes.length / 2 }, (_, i) => [
            span.attributes[2 * i] ?? '',
            span.attributes[2 * i + 1] ?? '',
          ]),
        ),
      ),
      ...(span.call === null ? [] : attributes(callAttributes(span.call))),
    ],
  };
}

function callAttributes({ operation, provider, requestModel, responseModel, usage }: CallFacts) {
  return {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': requestModel,
    'gen_ai.response.model': responseModel,
    ...(usage === null
      ? {}
      : { 'gen_ai.usage.input_tokens': usage.inputTokens ?? 0, 'gen_ai.usage.output_tokens': usage.outputTokens ?? 0 }),
  };
}

function attributes(values: Readonly<Record<string, string | number>>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}
