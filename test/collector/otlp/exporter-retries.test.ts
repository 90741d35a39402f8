import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { ExportResult } from '@opentelemetry/core';
import { ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { startGrpcReceiver } from '../../../collector/otlp/grpc-receiver.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import type { SpanRows } from '../../../collector/store/span-rows.js';
import { createMetrics } from '../../../collector/watch/metrics.js';
import { receive } from './send.js';

/** A store that is away for the first so many writes. */
function flaky(failures: number) {
  let left = failures;
  const written: number[] = [];
  return {
    written,
    write: async ({ starts }: SpanRows) => {
      if (left-- > 0) throw new StoreUnavailable('ClickHouse is away.', { retryAfterSeconds: 1 });
      written.push(starts.length);
    },
  };
}

async function oneSpan(): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  provider.getTracer('test').startSpan('work').end();
  await provider.forceFlush();
  return memory.getFinishedSpans();
}

const exported = (exporter: SpanExporter, spans: ReadableSpan[]): Promise<ExportResult> =>
  new Promise((done) => exporter.export(spans, done));

describe("while the store is away, OpenTelemetry's exporter", () => {
  it.each([
    ['of JSON', JsonExporter],
    ['of protobuf', ProtobufExporter],
  ])('%s sends again when it was told to, and loses nothing', async (_what, Exporter) => {
    const sink = flaky(1);
    const { receiver } = await receive({ sink });
    await using _ended = receiver;
    const exporter = new Exporter({ url: `http://127.0.0.1:${receiver.port}/v1/traces` });
    const startMs = performance.now();
    expect(await exported(exporter, await oneSpan())).toMatchObject({ code: ExportResultCode.SUCCESS });
    expect(performance.now() - startMs).toBeGreaterThan(950);
    expect(sink.written).toEqual([1]);
    await exporter.shutdown();
  });

  it('over gRPC, which never sends again by itself, is told that its spans were not taken', async () => {
    const sink = flaky(1);
    const metrics = createMetrics();
    const { receiver } = await receive({ sink, metrics });
    await using _ended = receiver;
    const log = pino({ level: 'silent' });
    await using grpc = await startGrpcReceiver({ host: '127.0.0.1', port: 0, intake: receiver.intake, log, metrics });
    const exporter = new GrpcExporter({ url: `http://127.0.0.1:${grpc.port}` });
    const spans = await oneSpan();
    expect(await exported(exporter, spans)).toMatchObject({
      code: ExportResultCode.FAILED,
      error: { message: expect.stringContaining('ClickHouse is away') },
    });
    expect(await exported(exporter, spans)).toMatchObject({ code: ExportResultCode.SUCCESS });
    expect(sink.written).toEqual([1]);
    await exporter.shutdown();
  });
});

it('what is refused for good is not sent again', async () => {
  let requests = 0;
  const { receiver } = await receive({ sink: { write: async () => void (requests += 1) }, maxBodyBytes: 10 });
  await using _ended = receiver;
  const exporter = new ProtobufExporter({ url: `http://127.0.0.1:${receiver.port}/v1/traces` });
  const startMs = performance.now();
  expect(await exported(exporter, await oneSpan())).toMatchObject({ code: ExportResultCode.FAILED });
  expect(performance.now() - startMs).toBeLessThan(900);
  expect(requests).toBe(0);
  await exporter.shutdown();
});
