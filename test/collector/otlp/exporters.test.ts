import { diag, DiagLogLevel, SpanKind, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import pino from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startReceiver } from '../../../collector/otlp/receiver.js';
import type { SpanRows } from '../../../collector/store/span-rows.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';

afterEach(() => {
  diag.disable();
  vi.unstubAllEnvs();
});

describe.each([
  ['protobuf', ProtobufExporter],
  ['JSON', JsonExporter],
])("OpenTelemetry's own exporter over %s", (_name, Exporter) => {
  it.each(['none', 'gzip'] as const)(
    'is understood, and its sender is warned (compression %s)',
    async (compression) => {
      const stored: Span[] = [];
      const sink = { write: async (rows: SpanRows) => void stored.push(...rows.spans) };
      await using receiver = await startReceiver({
        host: '127.0.0.1',
        port: 0,
        contract: contract(),
        sink,
        log: pino({ level: 'silent' }),
        clockUs: () => 0,
      });
      const warnings: string[] = [];
      const quiet = (): void => {};
      const warn = (...parts: unknown[]): void => void warnings.push(parts.join(' '));
      diag.setLogger({ warn, error: warn, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);

      const url = `http://127.0.0.1:${receiver.port}/v1/traces`;
      vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', compression);
      const exporter = new Exporter({ url });
      const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
      const tracer = provider.getTracer('@opentelemetry/instrumentation-openai', '0.21.0');
      const span = tracer.startSpan('chat gpt-4o', { kind: SpanKind.CLIENT });
      span.setAttributes({
        'gen_ai.operation.name': 'chat',
        'gen_ai.system': 'openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.response.model': 'gpt-4o-2024-08-06',
        'gen_ai.response.id': 'chatcmpl-1',
        'gen_ai.usage.input_tokens': 1000,
        'gen_ai.usage.output_tokens': 100,
        'tenant.id': 'acme',
      });
      span.end();
      await provider.shutdown();

      const { traceId, spanId } = span.spanContext();
      expect(stored).toHaveLength(1);
      expect(stored[0]).toMatchObject({
        traceId,
        spanId,
        parentSpanId: null,
        name: 'chat gpt-4o',
        kind: 3,
        scopeName: '@opentelemetry/instrumentation-openai',
        scopeVersion: '0.21.0',
        attributes: expect.arrayContaining(['tenant.id', 'acme']),
        call: {
          dialect: 'otel-genai',
          operation: 'chat',
          provider: 'openai',
          requestModel: 'gpt-4o',
          responseModel: 'gpt-4o-2024-08-06',
          responseId: 'chatcmpl-1',
          usage: { inputTokens: 1000, outputTokens: 100 },
        },
      });
      expect((stored[0]?.flags ?? 0) & 0xff).toBe(TraceFlags.SAMPLED);
      expect(warnings.join('\n')).toMatch(/lacks? feature\.id, budget\.policy\.id/);
    },
  );
});
