import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace as otelTrace } from '@opentelemetry/api';
import type { Context, Span as OtelSpan } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { freePort } from '../support/free-port.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startTestStore } from '../support/engine.js';
import { startWaybill, waybill } from '../support/waybill.js';

let running: RunningWaybill;
beforeAll(async () => {
  running = await startWaybill();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const clean = { 'tenant.id': 'acme', 'feature.id': 'chat', 'budget.policy.id': 'pro' };
const call = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
};

/** A real SDK in the role of one service. */
function service(name: string, exporter: SpanExporter) {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': name }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('test');
  return {
    span: (
      attributes: Record<string, string | number>,
      parent: Context = context.active(),
    ): { span: OtelSpan; below: Context } => {
      const span = tracer.startSpan('work', { attributes }, parent);
      return { span, below: otelTrace.setSpan(parent, span) };
    },
    flush: () => provider.forceFlush(),
    stop: () => provider.shutdown(),
  };
}

const callsSchema = z.object({ calls: z.array(z.looseObject({ traceId: z.string() })) });

async function auditedCalls(traceId: string): Promise<unknown[]> {
  for (let i = 0; i < 100; i += 1) {
    const { calls } = callsSchema.parse(await running.ask('/v1/calls?limit=1000'));
    const own = calls.filter((one) => one.traceId === traceId);
    if (own.length > 0) return own;
    await sleep(100);
  }
  return [];
}

describe('waybill serve, with real SDKs', () => {
  for (const [format, Exporter] of [
    ['protobuf', ProtoExporter],
    ['JSON', JsonExporter],
    ['protobuf over gRPC', GrpcExporter],
  ] as const) {
    it(`audits a trace of two services that export ${format}`, async () => {
      const url = Exporter === GrpcExporter ? running.grpcUrl : `${running.otlpUrl}/v1/traces`;
      const web = service('web', new Exporter({ url }));
      const agent = service('agent', new Exporter({ url }));
      const top = web.span(clean);
      const below = agent.span({ ...call, ...clean }, top.below);
      below.span.end();
      top.span.end();
      await Promise.all([web.stop(), agent.stop()]);
      expect(await auditedCalls(top.span.spanContext().traceId)).toMatchObject([
        { route: ['web', 'agent'], verdict: 'enforceable', costUsd: '0.003500000000', model: 'gpt-4o' },
      ]);
    });
  }

  it('lets a late span replace the verdict', async () => {
    const url = `${running.otlpUrl}/v1/traces`;
    const web = service('web', new ProtoExporter({ url }));
    const agent = service('agent', new ProtoExporter({ url }));
    const top = web.span(clean);
    agent.span({ ...call, ...clean }, top.below).span.end();
    await agent.stop();
    const { traceId } = top.span.spanContext();
    expect(await auditedCalls(traceId)).toMatchObject([{ verdict: 'attributed', findings: [{ rule: 'severed' }] }]);
    top.span.end();
    await web.stop();
    await expect
      .poll(() => auditedCalls(traceId), { timeout: 10_000 })
      .toMatchObject([{ verdict: 'enforceable', findings: [] }]);
  });

  it('keeps connections of the API open for so long that no client that is busy meets their end', async () => {
    const answer = await fetch(`${running.apiUrl}/healthz`);
    expect(answer.headers.get('keep-alive')).toBe('timeout=60');
  });

  it('answers the gate through the command line, with its exit code', async () => {
    const asked = await waybill(['gate', '--tenant', 'acme', '--url', running.apiUrl]);
    expect(asked.code).toBe(3);
    expect(asked.stdout).toContain('NOT ENOUGH DATA');
    expect((await waybill(['gate', '--url', 'http://127.0.0.1:9'])).code).toBe(2);
  });

  it('says in one line what keeps it from starting, and leaves with 2', async () => {
    const port = new URL(running.otlpUrl).port;
    const taken = await waybill([
      'serve',
      '--data',
      `${running.dataDir}/other`,
      '--otlp-port',
      port,
      '--api-port',
      '1',
      '--clickhouse-port',
      port,
    ]);
    expect(taken.code).toBe(2);
    expect(taken.stderr.trim().split('\n')).toHaveLength(1);
    expect(taken.stderr).toContain(`Port ${port} on 127.0.0.1 is taken`);
    const ports = ['--clickhouse-port', '--clickhouse-native-port', '--otlp-port', '--grpc-port', '--api-port'].map(
      async (flag) => [flag, String(await freePort())],
    );
    const locked = await waybill(['serve', '--data', running.dataDir, ...(await Promise.all(ports)).flat()]);
    expect(locked.code).toBe(2);
    expect(locked.stderr.trim().split('\n')).toHaveLength(1);
    expect(locked.stderr).toContain(running.dataDir);
    const wide = await waybill(['serve', '--host', '0.0.0.0']);
    expect(wide).toMatchObject({ code: 2, stderr: expect.stringContaining('Refusing to listen on 0.0.0.0') });
  });

  it('uses the server that CLICKHOUSE_URL names, and starts none of its own', async () => {
    await using theirs = await startTestStore();
    const { url, username, password } = theirs.address;
    const withCredentials = new URL('/elsewhere', url);
    withCredentials.username = username;
    withCredentials.password = password;
    await using other = await startWaybill([], process.execPath, { CLICKHOUSE_URL: withCredentials.href });
    expect(await enginesOf(other.dataDir)).toEqual([]);
    const web = service('web', new ProtoExporter({ url: `${other.otlpUrl}/v1/traces` }));
    web.span({ ...call, ...clean }).span.end();
    await web.stop();
    expect(await theirs.store.rows('SELECT service FROM elsewhere.spans')).toEqual([{ service: 'web' }]);
  });

  it('stops everything on SIGTERM, the database too, also when killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const other = await startWaybill();
      const { child, dataDir } = other;
      const engines = await enginesOf(dataDir);
      expect(engines).toHaveLength(1);
      child.kill(signal);
      await once(child, 'exit');
      if (signal === 'SIGTERM') expect(child.exitCode).toBe(0);
      await expect.poll(() => enginesOf(dataDir), { timeout: 5_000 }).toEqual([]);
      await other[Symbol.asyncDispose]();
    }
  });
});

/** Process ids of the database servers on a directory. */
async function enginesOf(dataDir: string): Promise<string[]> {
  const { readdir, readFile } = await import('node:fs/promises');
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return all.filter((_, i) => lines[i]?.includes(`--path=${dataDir}/clickhouse`));
}
