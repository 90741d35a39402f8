import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serveConfig } from '../../collector/config.js';
import type { Waybill } from '../../collector/serve.js';
import { serve } from '../../collector/serve.js';
import { contract } from '../support/contract.js';
import type { TestStore } from '../support/engine.js';
import { startTestStore } from '../support/engine.js';
import { freePort } from '../support/free-port.js';
import { otlpJson } from '../support/otlp-json.js';
import { clean, trace } from '../support/trace.js';

let test: TestStore;
/** One process a role, here in one. */
let fleet: Record<'receiver' | 'auditor' | 'api', Waybill>;
beforeAll(async () => {
  test = await startTestStore();
  fleet = { receiver: await start('receiver'), auditor: await start('auditor'), api: await start('api') };
});
afterAll(async () => {
  for (const one of Object.values(fleet)) await one.stop();
  await test[Symbol.asyncDispose]();
});

const ALONE = { targets: [], forwarding: null, exporting: null };

async function start(role: string): Promise<Waybill> {
  const { url, username, password } = test.address;
  const flags = { role, quiet: '1s', otlpPort: String(await freePort()), apiPort: String(await freePort()) };
  const config = serveConfig(
    { ...flags, grpcPort: 'off', shard: '1/1' },
    { CLICKHOUSE_URL: url.replace('//', `//${username}:${password}@`) },
  );
  return serve(config, { file: null, contract: contract() }, ALONE, pino({ level: 'silent' }));
}

async function status(url: string, body?: object): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const asked = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(url, asked);
  await response.arrayBuffer();
  return response.status;
}

it('the processes of a fleet do together what one does alone', async () => {
  const { receiver, api } = fleet;
  const nowUs = Date.now() * 1_000;
  const at = { startUs: nowUs, endUs: nowUs + 1_000 };
  const { spans } = trace(1).station('web', clean, at).call('gpt-4o', undefined, { span: at });
  expect(await status(`${receiver.otlpUrl}/v1/traces`, otlpJson(spans))).toBe(200);
  await expect
    .poll(async () => (await fetch(`${api.apiUrl}/v1/calls`)).json(), { timeout: 20_000, interval: 200 })
    .toMatchObject({ calls: [{ verdict: 'enforceable' }] });
});

it('each says how it is, and only the API answers questions', async () => {
  for (const [role, { apiUrl }] of Object.entries(fleet)) {
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect([role, await status(apiUrl + path)]).toEqual([role, 200]);
    expect([role, await status(`${apiUrl}/v1/score`)]).toEqual([role, role === 'api' ? 200 : 404]);
    expect([role, await status(apiUrl)]).toEqual([role, role === 'api' ? 200 : 404]);
  }
  const refused = await (await fetch(`${fleet.auditor.apiUrl}/v1/score`)).text();
  expect(refused).toContain('the API is where --role api runs');
});

it('each has the metrics of what it does', async () => {
  const metrics = async ({ apiUrl }: Waybill): Promise<string> => (await fetch(`${apiUrl}/metrics`)).text();
  expect(await metrics(fleet.auditor)).toContain('waybill_audit_lag_seconds');
  for (const one of [fleet.receiver, fleet.api]) expect(await metrics(one)).not.toContain('waybill_audit_lag_seconds');
  expect(await metrics(fleet.receiver)).toMatch(/waybill_spans_acknowledged_total{transport="http"} 2/);
});

it('receivers and the API take the logs of gateways, auditors nothing', async () => {
  const taken = async ({ apiUrl }: Waybill): Promise<number> => status(`${apiUrl}/v1/payloads/litellm`, []);
  // It is read, and has no record in it.
  expect(await taken(fleet.receiver)).toBe(400);
  expect(await taken(fleet.api)).toBe(400);
  expect(await taken(fleet.auditor)).toBe(404);
  expect(fleet.auditor.otlpUrl).toBeNull();
  expect(fleet.api.otlpUrl).toBeNull();
});
