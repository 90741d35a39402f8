import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { packagePath } from '../../collector/package-path.js';
import { auditReportSchema } from '../../schemas/audit.js';
import type { Launched } from '../demo/launch.js';
import { launch } from '../demo/launch.js';
import type { Provider } from '../demo/provider.js';
import { startProvider } from '../demo/provider.js';
import { gatewayOf, instrumented } from '../demo/services.js';
import { freePort, portOf } from '../support/free-port.js';
import type { Redis } from '../support/redis.js';
import { hasRedis, NO_REDIS, startRedis } from '../support/redis.js';
import { waybill } from '../support/waybill.js';

type Call = z.infer<typeof auditReportSchema>['calls'][number];

const CONTRACT = `
services:
  web: { role: entry }
  gateway: { role: gateway, enforces: true }
policies:
  - { id: pro-monthly, match: { tenant: [acme] }, limit: { usd: 500, per: month } }
`;

/** What the web service answers. */
const answerSchema = z.object({ traceId: z.string() });

/** What goes wrong, by the name of the fault that a request asks for. */
const FAULTS = ['none', 'web', 'api', 'worker', 'rewritten'] as const;

const serviceAt = (name: string): string => packagePath('test', 'instrumentation', 'chain', name);

/** Starts the chain: web (CommonJS) → api (Fastify) → Redis → worker → gateway (a third party) → provider. */
async function startChain(otlpUrl: string, redis: Redis, provider: Provider) {
  const [web, api, worker, gateway] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const shared = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', REDIS_PORT: String(redis.port) };
  const options = [
    instrumented('web', [serviceAt('web.cjs')], web, otlpUrl, { ...shared, API_URL: `http://127.0.0.1:${api}` }),
    instrumented('api', [serviceAt('api.mjs')], api, otlpUrl, shared),
    instrumented('worker', [serviceAt('worker.mjs')], worker, otlpUrl, {
      ...shared,
      GATEWAY_URL: `http://127.0.0.1:${gateway}`,
      PROVIDER_URL: provider.url,
    }),
    gatewayOf('gateway', gateway, otlpUrl, shared),
  ];
  const started = await Promise.allSettled(options.map(launch));
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await stopAll(running);
    throw failed.reason;
  }
  return { url: `http://127.0.0.1:${web}`, stop: () => stopAll(running) };
}

async function stopAll(running: readonly Launched[]): Promise<void> {
  await Promise.all(running.map((one) => one.stop()));
}

/** Sends a request with each fault through the chain, ends it, and audits what it sent: the calls by fault. */
async function auditChain(): Promise<ReadonlyMap<string, readonly Call[]>> {
  const requests: string[] = [];
  const collector = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push(body);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const dir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  try {
    await using redis = await startRedis();
    await using provider = await startProvider();
    const chain = await startChain(`http://127.0.0.1:${portOf(collector)}`, redis, provider);
    const traceIds = new Map<string, string>();
    for (const fault of FAULTS) {
      const response = await fetch(chain.url, {
        method: 'POST',
        // What a caller claims of itself is not believed.
        headers: { 'content-type': 'application/json', 'x-account': 'acme', baggage: 'tenant.id=victim' },
        body: JSON.stringify({ fault }),
      });
      expect(response.status).toBe(200);
      const { traceId } = answerSchema.parse(await response.json());
      traceIds.set(fault, traceId);
    }
    await chain.stop();
    await writeFile(join(dir, 'waybill.yaml'), CONTRACT);
    await writeFile(join(dir, 'spans.json'), requests.join('\n'));
    const { stdout, stderr } = await waybill(['audit', 'spans.json', '--format', 'json'], { cwd: dir });
    expect(stderr).toBe('');
    const { calls } = auditReportSchema.parse(JSON.parse(stdout));
    return new Map(FAULTS.map((fault) => [fault, calls.filter(({ traceId }) => traceId === traceIds.get(fault))]));
  } finally {
    collector.closeAllConnections();
    collector.close();
    await rm(dir, { recursive: true, force: true });
  }
}

describe.skipIf(!hasRedis)(`a chain of four services${hasRedis ? '' : ` (skipped: ${NO_REDIS})`}`, () => {
  let calls: ReadonlyMap<string, readonly Call[]>;
  beforeAll(async () => {
    calls = await auditChain();
  }, 240_000);

  it('carries all three attributes from CommonJS over Fastify, a queue and a third party: the call is enforceable', () => {
    const [call, ...more] = calls.get('none') ?? [];
    expect(more).toEqual([]);
    expect(call).toMatchObject({
      verdict: 'enforceable',
      service: 'gateway',
      route: ['web', 'api', 'worker', 'gateway'],
      attributes: {
        tenant: { value: 'acme', outcome: 'intact' },
        feature: { value: 'chat', outcome: 'intact' },
        policy: { value: 'pro-monthly', outcome: 'intact' },
      },
    });
  });

  it.each([
    ['web', 'dropped', { from: 'web', to: 'api' }],
    ['api', 'dropped', { from: 'api', to: 'worker' }],
    ['worker', 'dropped', { from: 'worker', to: 'gateway' }],
    // The worker carries what it was told, and what it says instead: that is no matter of a hop.
    ['rewritten', 'conflicting', null],
  ])('a fault in it (%s) is found as %s, at its hop (%o) and nowhere else', (fault, rule, hop) => {
    const [call, ...more] = calls.get(fault) ?? [];
    expect(more).toEqual([]);
    expect(call?.verdict).not.toBe('enforceable');
    const errors = call?.findings.filter(({ attribute, severity }) => attribute === 'tenant' && severity === 'error');
    expect(errors?.map((one) => [one.rule, one.hop])).toEqual([[rule, hop]]);
  });
});
