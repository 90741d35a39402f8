import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { askWaybill } from '../../../collector/cli/ask.js';
import { keysCommand } from '../../../collector/cli/keys.js';
import { serveConfig, storeAddress } from '../../../collector/config.js';
import { createKey } from '../../../collector/keys/manage.js';
import { serve } from '../../../collector/serve.js';
import { connectStore } from '../../../collector/store/client.js';
import { gateAnswerSchema } from '../../../schemas/gate.js';
import type { Role } from '../../../schemas/key.js';
import { contract } from '../../support/contract.js';
import { freePort } from '../../support/free-port.js';
import { otlpJson } from '../../support/otlp-json.js';
import { clean, trace } from '../../support/trace.js';
import type { RunningWaybill } from '../../support/waybill.js';
import { startWaybill } from '../../support/waybill.js';

let running: RunningWaybill;
let keys: Record<'all' | 'acme' | 'read' | 'readAcme' | 'admin', Made>;
let clickHousePort: string;

const madeSchema = z.object({ id: z.string(), key: z.string() });
type Made = z.infer<typeof madeSchema>;

/** Runs `waybill keys` on a data directory, and says what it printed. */
async function commandOn(where: readonly string[], args: readonly string[]): Promise<string> {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await keysCommand().parseAsync([...args, ...where], { from: 'user' });
    return print.mock.calls.flat().join('\n');
  } finally {
    print.mockRestore();
  }
}

const command = (...args: string[]): Promise<string> =>
  commandOn(['--data', running.dataDir, '--clickhouse-port', clickHousePort], args);

beforeAll(async () => {
  clickHousePort = String(await freePort());
  running = await startWaybill(['--clickhouse-port', clickHousePort]);
  const address = await storeAddress({ data: running.dataDir, clickhousePort: clickHousePort }, {});
  await using store = connectStore(address);
  const make = (name: string, role: Role, tenants = ['*'], services = ['*']): Promise<Made> =>
    createKey(store, { name, role, tenants, services }, Date.now() * 1_000);
  keys = {
    all: await make('collector', 'ingest'),
    acme: await make('acme-web', 'ingest', ['acme'], ['web', 'agent-*']),
    read: await make('grafana', 'read'),
    readAcme: await make('acme-finance', 'read', ['acme']),
    admin: await make('ops', 'admin'),
  };
  // What the running Waybill knows of keys may be two seconds old.
  await vi.waitFor(async () => expect(await status('/v1/score', bearer(keys.admin))).toBe(200), 5_000);
  await vi.waitFor(async () => expect(await status('/v1/score')).toBe(401), 5_000);
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});
afterEach(() => vi.unstubAllEnvs());

const bearer = ({ key }: Made) => ({ authorization: `Bearer ${key}` });

async function status(path: string, headers: Record<string, string> = {}): Promise<number> {
  return (await fetch(`${running.apiUrl}${path}`, { headers })).status;
}

async function send(body: object, headers: Record<string, string>) {
  const response = await fetch(`${running.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.text() };
}

describe('a Waybill with keys', () => {
  it('lets each key do what it is for, and nothing else', async () => {
    const paths = ['/v1/score', '/v1/audit-log', '/metrics'];
    const answers = async (headers: Record<string, string>) => [
      ...(await Promise.all(paths.map((path) => status(path, headers)))),
      (await send({}, headers)).status,
    ];
    expect(await answers({})).toEqual([401, 401, 401, 401]);
    expect(await answers({ authorization: 'Bearer waybill_000000000000_x' })).toEqual([401, 401, 401, 401]);
    expect(await answers(bearer(keys.all))).toEqual([403, 403, 403, 200]);
    expect(await answers(bearer(keys.read))).toEqual([200, 403, 200, 403]);
    expect(await answers({ 'x-api-key': keys.read.key })).toEqual([200, 403, 200, 403]);
    expect(await answers(bearer(keys.readAcme))).toEqual([200, 403, 403, 403]);
    expect(await answers(bearer(keys.admin))).toEqual([200, 200, 200, 200]);
  });

  it('tells which mode holds to keys that may read, and to bound ones of their tenants alone', async () => {
    const asked = async (tenant: string, headers: Record<string, string> = {}): Promise<number> => {
      const url = `${running.apiUrl}/ofrep/v1/evaluate/flags/waybill.enforcement`;
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ context: { tenant } }) })).status;
    };
    expect(await asked('acme')).toBe(401);
    expect(await asked('acme', bearer(keys.all))).toBe(403);
    expect(await asked('acme', bearer(keys.read))).toBe(200);
    expect(await asked('acme', bearer(keys.readAcme))).toBe(200);
    expect(await asked('globex', bearer(keys.readAcme))).toBe(403);
  });

  it('lets only an admin ask for a rollout', async () => {
    const put = async (made: Made): Promise<number> =>
      (
        await fetch(`${running.apiUrl}/v1/rollouts`, {
          method: 'PUT',
          headers: { ...bearer(made), 'content-type': 'application/json' },
          body: JSON.stringify({ tenant: 'acme', mode: 'shadow', why: 'a test' }),
        })
      ).status;
    expect(await put(keys.read)).toBe(403);
    expect(await put(keys.admin)).toBe(200);
    const listed = await (await fetch(`${running.apiUrl}/v1/rollouts`, { headers: bearer(keys.read) })).json();
    expect(listed).toMatchObject({ mayChange: false, rollouts: [{ tenant: 'acme', who: keys.admin.id }] });
  });

  it('says to anyone that it lives and is ready, and shows them no more than the page', async () => {
    expect(await status('/healthz')).toBe(200);
    expect(await status('/readyz')).toBe(200);
    const refused = await fetch(`${running.apiUrl}/v1/score`);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('wants a key') } });
  });

  it("takes gateway records only with a key for all tenants, for a gateway's log is about all", async () => {
    const record = async (made: Made) =>
      (await fetch(`${running.apiUrl}/v1/payloads/litellm`, { method: 'POST', headers: bearer(made), body: '{}' }))
        .status;
    expect(await record(keys.acme)).toBe(403);
    expect(await record(keys.read)).toBe(403);
    expect(await record(keys.all)).toBe(400);
  });

  it('finds a tenant that a key may not speak for, over HTTP and gRPC, as an exporter sends it', async () => {
    const url = { http: `${running.otlpUrl}/v1/traces`, grpc: running.grpcUrl };
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', `authorization=Bearer%20${keys.acme.key}`);
    for (const exporter of [new ProtoExporter({ url: url.http }), new GrpcExporter({ url: url.grpc })]) {
      const provider = new BasicTracerProvider({
        spanProcessors: [new SimpleSpanProcessor(exporter)],
        resource: resourceFromAttributes({ 'service.name': 'agent-1' }),
      });
      const span = provider.getTracer('test').startSpan('chat');
      span.setAttributes({
        'tenant.id': 'globex',
        'feature.id': 'chat',
        'budget.policy.id': 'pro',
        'waybill.credential.tenants': 'globex',
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 10,
      });
      span.end();
      await provider.shutdown();
      const { traceId } = span.spanContext();
      const view = await (await fetch(`${running.apiUrl}/v1/traces/${traceId}`, { headers: bearer(keys.read) })).json();
      expect(view).toMatchObject({
        calls: [
          {
            misattributed: true,
            findings: expect.arrayContaining([
              expect.objectContaining({
                rule: 'unauthorized-tenant',
                message: "agent-1 speaks for tenant 'globex' with a credential that may only speak for acme.",
              }),
            ]),
          },
        ],
      });
    }
  });

  it('rejects spans of services that a key may not speak for, and says so', async () => {
    const { spans } = trace(7).station('web', clean).station('billing', clean).call('gpt-4o');
    const sent = await send(otlpJson(spans), bearer(keys.acme));
    expect(sent.status).toBe(200);
    expect(sent.body).toContain("key may not speak for service 'billing'");
    const view = await (
      await fetch(`${running.apiUrl}/v1/traces/${spans[0]?.traceId}`, { headers: bearer(keys.read) })
    ).json();
    expect(z.object({ spans: z.array(z.object({ service: z.string() })) }).parse(view).spans).toMatchObject([
      { service: 'web' },
    ]);
  });

  it('answers the command line with the key in its environment', async () => {
    const asked = async (key: string) => {
      vi.stubEnv('WAYBILL_KEY', key);
      return askWaybill(running.apiUrl, '/v1/gate', gateAnswerSchema, 20_000);
    };
    expect(await asked(keys.read.key)).toMatchObject({ scope: {} });
    await expect(asked('')).rejects.toThrow('wants a key');
  });

  it('refuses a key that is revoked at the command line within seconds, and lists it so', async () => {
    const gone = madeSchema.parse(JSON.parse(await command('create', 'gone', '--role', 'read', '--format', 'json')));
    await expect.poll(() => status('/v1/score', bearer(gone)), { timeout: 10_000 }).toBe(200);
    expect(await command('revoke', gone.id)).toContain('is revoked');
    await expect.poll(() => status('/v1/score', bearer(gone)), { timeout: 10_000 }).toBe(401);
    const listed = await command('list');
    expect(listed).toMatch(new RegExp(`${gone.id} +read +\\S+ +revoked .* gone`));
    expect(listed).not.toContain(gone.key.slice(-43));
    await expect(command('revoke', 'nobody')).rejects.toThrow("no key with the id 'nobody'");
  });

  it('writes down who used keys, and who changed keys, contract and gate', async () => {
    const read = async () =>
      JSON.stringify(
        await (await fetch(`${running.apiUrl}/v1/audit-log?limit=1000`, { headers: bearer(keys.admin) })).json(),
      );
    await expect.poll(read).toContain(`"actor":"${keys.read.id}","action":"gate-asked"`);
    const log = await read();
    for (const [action, actor] of [
      ['key-created', 'cli'],
      ['key-revoked', 'cli'],
      ['key-used', keys.acme.id],
      ['key-used', keys.read.id],
      ['key-refused', 'unknown'],
      ['contract-in-force', 'waybill'],
    ]) {
      expect(log).toContain(`"actor":"${actor}","action":"${action}"`);
    }
    for (const { key } of Object.values(keys)) expect(log).not.toContain(key.slice(-43));
  });
});

/** Speaks to nobody of its own accord. */
const ALONE = { targets: [], forwarding: null, exporting: null };

it('makes the first key before anything is served, and only then serves others than this machine', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  const port = async (): Promise<string> => String(await freePort());
  const [clickhousePort, native, otlpPort, apiPort] = [await port(), await port(), await port(), await port()];
  vi.stubEnv('WAYBILL_CLICKHOUSE_NATIVE_PORT', native);
  const flags = { host: '0.0.0.0', data: dataDir, clickhousePort, otlpPort, apiPort, grpcPort: 'off' };
  const log = pino({ level: 'silent' });
  const start = (proxy: string) =>
    serve(serveConfig({ ...flags, behindProxy: proxy }, process.env), { file: null, contract: contract() }, ALONE, log);
  try {
    expect(() => start('')).toThrow(/in the clear/);
    await expect(start('yes')).rejects.toThrow(/there are no keys/);
    const said = await commandOn(
      ['--data', dataDir, '--clickhouse-port', clickhousePort],
      ['create', 'ops', '--role', 'admin'],
    );
    expect(said).toMatch(/^waybill_[0-9a-f]{12}_\S{43}\n/);
    const key = said.split('\n', 1)[0] ?? '';
    await using served = await start('yes');
    void served;
    const url = `http://127.0.0.1:${apiPort}/v1/score`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers: { 'x-api-key': key } })).status).toBe(200);
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});
