import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { startEnforcedApi } from '../support/enforced-api.js';
import { freePort } from '../support/free-port.js';

/** A Python in which `pip install 'litellm[proxy]' lupa` was done. */
const python = process.env['WAYBILL_TEST_PYTHON'];

const CONFIG = `
model_list:
  - model_name: gpt-4o
    litellm_params: { model: openai/gpt-4o, api_key: sk-test, mock_response: hello }
litellm_settings: { callbacks: litellm_waybill.waybill }
general_settings: { custom_auth: keys.user_api_key_auth }
`;

/** A key \`sk-acme\` is one of the team acme. */
const KEYS = `
from litellm.proxy._types import UserAPIKeyAuth
async def user_api_key_auth(request, api_key):
    return UserAPIKeyAuth(api_key=api_key, team_id=api_key.removeprefix("sk-"))
`;

/** A real LiteLLM proxy with our hook. */
async function startProxy(env: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-litellm-'));
  const port = await freePort();
  await copyFile(packagePath('deploy', 'gateways', 'litellm_waybill.py'), join(directory, 'litellm_waybill.py'));
  await writeFile(join(directory, 'config.yaml'), CONFIG);
  await writeFile(join(directory, 'keys.py'), KEYS);
  const cli = 'from litellm import run_server; run_server()';
  const child = spawn(
    python ?? '',
    ['-c', cli, '--config', 'config.yaml', '--host', '127.0.0.1', '--port', `${port}`],
    {
      cwd: directory,
      env: {
        PATH: process.env['PATH'],
        HOME: directory,
        LITELLM_LOCAL_MODEL_COST_MAP: 'True',
        LITELLM_MASTER_KEY: `sk-${randomBytes(32).toString('hex')}`,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ask = (key: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }),
    });
  while (
    !(await fetch(`http://127.0.0.1:${port}/health/liveliness`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(output);
    await sleep(200);
  }
  return {
    ask,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describe.runIf(python !== undefined)('in Python', () => {
  it('the hook lets a LiteLLM proxy make calls that the budget allows, and no others', async () => {
    await using enforced = await startEnforcedApi();
    const { url } = enforced.api;
    await using proxy = await startProxy({ WAYBILL_URL: url, WAYBILL_TIMEOUT_MS: '10000', WAYBILL_FAIL: 'closed' });
    const made = await proxy.ask('sk-acme');
    expect(await made.text()).toContain('hello');
    expect(made.status).toBe(200);
    const denied = await proxy.ask('sk-globex');
    expect(denied.status).toBe(403);
    expect(await denied.text()).toContain("Policy 'globex-monthly' has 0.000000000000 USD");
    const rows = await enforced.test.store.rows(
      "SELECT tenant, answer, estimated_usd > 0.001 AND estimated_usd < 0.002 AS is_estimated, call_id != '' AS has_id FROM decisions WHERE feature = '' ORDER BY tenant",
    );
    expect(rows).toMatchObject([
      { tenant: 'acme', answer: 'allow', is_estimated: 1, has_id: 1 },
      { tenant: 'globex', answer: 'deny' },
    ]);
  }, 240_000);

  it.each([
    ['open', 200],
    ['closed', 403],
  ])(
    'the hook of LiteLLM fails %s where nobody answers',
    async (fail, status) => {
      await using proxy = await startProxy({ WAYBILL_URL: `http://127.0.0.1:${await freePort()}`, WAYBILL_FAIL: fail });
      expect((await proxy.ask('sk-globex')).status).toBe(status);
    },
    240_000,
  );

  it('the Lua of Kong hands the reservation on, or stops the request', async () => {
    await using enforced = await startEnforcedApi();
    const run = async (consumer: string, url = enforced.api.url): Promise<unknown> => {
      const file = packagePath('deploy', 'gateways', 'kong.yaml');
      const child = spawn(python ?? '', [packagePath('test', 'deploy', 'kong_standins.py'), file, url, consumer]);
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await once(child, 'close');
      return output.startsWith('{') ? JSON.parse(output) : output;
    };
    const id: unknown = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(await run('acme')).toEqual({
      status: 200,
      headers: { 'x-waybill-reservation-id': id },
      attributes: { 'waybill.reservation.id': id },
    });
    expect(await run('globex')).toEqual({ status: 403, headers: {}, attributes: {} });
    expect(await run('globex', `http://127.0.0.1:${await freePort()}`)).toContain('"status": 200');
  }, 120_000);
});
