import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as yaml from 'yaml';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import { decisionSchema } from '../../schemas/decision.js';
import { launch } from '../demo/launch.js';
import type { EnforcedApi } from '../support/enforced-api.js';
import { startEnforcedApi } from '../support/enforced-api.js';
import { freePort, portOf } from '../support/free-port.js';

let enforced: EnforcedApi;
let url: string;

beforeAll(async () => {
  enforced = await startEnforcedApi();
  ({ url } = enforced.api);
});
afterAll(() => enforced[Symbol.asyncDispose]());

const fileOf = (name: string): string => readFileSync(packagePath('deploy', 'gateways', name), 'utf8');

const patterns = z.object({ patterns: z.array(z.object({ exact: z.string() })) });
const envoySchema = z.object({
  name: z.literal('envoy.filters.http.ext_authz'),
  typed_config: z.object({
    '@type': z.literal('type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'),
    failure_mode_allow: z.literal(true),
    http_service: z.object({
      server_uri: z.object({ uri: z.string(), cluster: z.string(), timeout: z.literal('0.25s') }),
      path_prefix: z.string(),
      authorization_request: z.object({
        headers_to_add: z.array(z.object({ key: z.string(), value: z.string() })),
      }),
      authorization_response: z.object({ allowed_upstream_headers: patterns }),
    }),
    allowed_headers: patterns,
  }),
});

/** Asks as Envoy does: its method, the path behind the prefix, no body, and of the headers those that are allowed. */
async function askAsEnvoy(method: string, path: string, headers: Record<string, string>): Promise<Response> {
  const { typed_config: config } = envoySchema.parse(yaml.parse(fileOf('envoy.yaml')));
  const allowed = config.allowed_headers.patterns.map(({ exact }) => exact);
  const sent = Object.fromEntries(Object.entries(headers).filter(([name]) => allowed.includes(name)));
  for (const { key, value } of config.http_service.authorization_request.headers_to_add) sent[key] = value;
  const to = new URL(config.http_service.server_uri.uri);
  return fetch(`${url}${to.pathname === '/' ? '' : to.pathname}${config.http_service.path_prefix}${path}`, {
    method,
    headers: sent,
  });
}

it('Envoy is told to let through, with the reservation to hand on, or to stop', async () => {
  const own = { 'x-waybill-feature': 'chat', authorization: 'Bearer of the caller' };
  const passed = await askAsEnvoy('POST', '/v1/chat/completions?a=b', {
    ...own,
    'x-waybill-tenant': 'acme',
    'x-waybill-estimated-cost-usd': '0.5',
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  });
  expect(passed.status).toBe(200);
  const { typed_config: config } = envoySchema.parse(yaml.parse(fileOf('envoy.yaml')));
  const handedOn = config.http_service.authorization_response.allowed_upstream_headers.patterns;
  expect(handedOn.map(({ exact }) => passed.headers.get(exact))).toEqual([
    expect.stringMatching(/^[0-9a-f]{32}$/),
    'allow',
  ]);
  expect(decisionSchema.parse(await passed.json())).toMatchObject({
    mode: 'enforce',
    policy: 'acme-monthly',
    remainingUsd: '9.100000000000',
    durable: true,
  });
  const stopped = await askAsEnvoy('GET', '/v1/models', { ...own, 'x-waybill-tenant': 'globex' });
  expect(stopped.status).toBe(403);
  expect(await stopped.json()).toMatchObject({ error: { type: 'budget_exceeded' } });
  const byBaggage = await askAsEnvoy('PUT', '/', { baggage: 'x=%ZZ,tenant.id=globex;p=1, feature.id=chat' });
  expect(byBaggage.status).toBe(403);
  expect((await askAsEnvoy('POST', '/v1', { baggage: 'tenant.id=nobody' })).status).toBe(200);
});

const kongSchema = z.object({
  _format_version: z.literal('3.0'),
  services: z.tuple([
    z.object({
      url: z.url(),
      routes: z.array(z.object({ name: z.string(), paths: z.array(z.string()) })),
      plugins: z.tuple([
        z.object({ name: z.literal('key-auth') }),
        z.object({ name: z.literal('post-function'), config: z.object({ access: z.tuple([z.string()]) }) }),
      ]),
    }),
  ]),
});

it('Kong asks for what Waybill takes, and goes by fields that Waybill answers', async () => {
  const [{ plugins }] = kongSchema.parse(yaml.parse(fileOf('kong.yaml'))).services;
  const [lua] = plugins[1].config.access;
  const to = /local url = 'http:\/\/[^/]+(\/[^']+)'/.exec(lua)?.[1];
  const body = /cjson\.encode\(\{(.*?)\}\)/s.exec(lua)?.[1] ?? '';
  const names = [...body.matchAll(/^\s*(\w+) =/gm)].map(([, name]) => name ?? '');
  expect(names).toEqual(['tenant', 'feature', 'policy', 'traceId']);
  const values: Record<string, string> = { tenant: 'globex', feature: 'chat', traceId: 'a'.repeat(32) };
  const answer = await fetch(`${url}${to}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer wb_...' },
    body: JSON.stringify(Object.fromEntries(names.map((name) => [name, values[name]]))),
  });
  expect(answer.status).toBe(200);
  const decision = decisionSchema.parse(await answer.json());
  expect(decision.decision).toBe('deny');
  for (const [, name] of lua.matchAll(/decision\.(\w+)/g)) expect(Object.keys(decision)).toContain(name);
});

it('the gateway of Portkey makes the calls that its webhook guardrail allows, and no others', async () => {
  let calls = 0;
  const provider = createServer((request, response) => {
    calls += 1;
    request.resume();
    const message = { role: 'assistant', content: 'hello' };
    const body = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o' };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...body, choices }));
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const port = await freePort();
  const server = createRequire(import.meta.url).resolve('@portkey-ai/gateway/build/start-server.js');
  // Keeps it on this machine: the gateway itself takes a port and no address.
  const preload = packagePath('dist', 'test', 'demo', 'gateway-preload.js');
  try {
    await using _gateway = await launch({
      name: 'portkey',
      args: ['--import', preload, server, `--port=${port}`, '--headless'],
      cwd: packagePath(),
      port,
    });
    const config: unknown = JSON.parse(fileOf('portkey-config.json').replace('http://waybill:4319', url));
    const ask = (metadata: object, by = config): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer sk-test',
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `http://127.0.0.1:${portOf(provider)}/v1`,
          'x-portkey-config': JSON.stringify(by),
          'x-portkey-metadata': JSON.stringify(metadata),
        },
        body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }),
      });
    const made = await ask({ tenant: 'acme', feature: 'chat', estimated_cost_usd: '0.1' });
    expect(await made.text()).toContain('hello');
    expect(made.status).toBe(200);
    expect(calls).toBe(1);
    const stopped = await ask({ 'tenant.id': 'globex', feature: 'chat' });
    // What Portkey answers where a guardrail denies.
    expect(stopped.status).toBe(446);
    expect(await stopped.text()).toContain('over-limit');
    expect(calls).toBe(1);
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const away = fileOf('portkey-config.json').replace('http://waybill:4319', nobody);
    expect((await ask({ tenant: 'globex' }, JSON.parse(away))).status).toBe(200);
    const closed: unknown = JSON.parse(away.replace('"failOnError": false', '"failOnError": true'));
    expect((await ask({ tenant: 'globex' }, closed)).status).toBe(446);
    expect(calls).toBe(2);
  } finally {
    provider.closeAllConnections();
    provider.close();
  }
});

it('an answer that came is let through, since nothing can be saved on it', async () => {
  const answer = await fetch(`${url}/v1/decisions/portkey`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ eventType: 'afterRequestHook', metadata: { tenant: 'globex' } }),
  });
  expect(await answer.json()).toEqual({ verdict: true });
});
