import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storeAddress } from '../../../collector/config.js';
import { createKey } from '../../../collector/keys/manage.js';
import { connectStore } from '../../../collector/store/client.js';
import { filesBelow } from '../../support/files-below.js';
import { freePort } from '../../support/free-port.js';
import type { RunningWaybill } from '../../support/waybill.js';
import { startWaybill } from '../../support/waybill.js';

const CANARY = 'canary-that-nobody-may-see-0123456789';

let running: RunningWaybill;
let key: string;
beforeAll(async () => {
  const clickhousePort = String(await freePort());
  running = await startWaybill(['--clickhouse-port', clickhousePort, '--log-level', 'debug']);
  await using store = connectStore(await storeAddress({ data: running.dataDir, clickhousePort }, {}));
  const all = { tenants: ['*'], services: ['*'] };
  ({ key } = await createKey(store, { name: 'ops', role: 'admin', ...all }, Date.now() * 1_000));
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

/** Command line and environment apart: the arguments of every process that has to do with a directory. */
async function processArguments(dataDir: string): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(dataDir)).join('\n');
}

it('secrets are in no answer, log, metric, process argument or file', async () => {
  const secret = key.slice(-43);
  const passwords = await Promise.all(
    ['waybill', 'reader'].map(async (name) =>
      (await readFile(join(running.dataDir, `${name}.password`), 'utf8')).trim(),
    ),
  );
  const { otlpUrl, apiUrl } = running;
  const shown: string[] = [];
  const ask = async (url: string, init: RequestInit = {}): Promise<number> => {
    const response = await fetch(url, { redirect: 'manual', ...init });
    shown.push(await response.text(), JSON.stringify([...response.headers]));
    return response.status;
  };
  const right = { authorization: `Bearer ${key}` };
  const origin = { origin: apiUrl };
  await expect.poll(() => ask(`${apiUrl}/v1/score`), { timeout: 10_000 }).toBe(401);
  for (const headers of [
    right,
    { 'x-api-key': key },
    { authorization: `Bearer ${CANARY}` },
    { authorization: `Basic ${CANARY}` },
    { 'x-api-key': `${key}${CANARY}` },
    { cookie: `waybill_session=${CANARY}` },
  ]) {
    for (const path of ['/v1/score', '/v1/gate', '/v1/audit-log', '/metrics', '/nothing', '/v1/traces/x', '/login']) {
      await ask(`${apiUrl}${path}`, { headers });
    }
    for (const body of ['{}', '{', '{"resourceSpans":1}']) {
      const json = { 'content-type': 'application/json' };
      await ask(`${otlpUrl}/v1/traces`, { method: 'POST', headers: { ...json, ...headers }, body });
    }
    await ask(`${apiUrl}/v1/payloads/litellm`, { method: 'POST', headers, body: '{' });
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...origin };
  for (const tried of [CANARY, key]) {
    await ask(`${apiUrl}/login`, { method: 'POST', headers: form, body: `key=${tried}` });
  }
  const seen = [...shown, running.output(), await processArguments(running.dataDir)].join('\n');
  expect(seen).toContain('Waybill is ready');
  expect(seen).toContain('waybill_spans_received_total');
  expect(seen).toContain('--path=');
  for (const one of [secret, CANARY, ...passwords]) expect(seen).not.toContain(one);
  const files = await filesBelow(running.dataDir);
  expect(files.some(({ content }) => content.includes(passwords[0] ?? CANARY))).toBe(true);
  for (const { content } of files) {
    for (const one of [secret, CANARY]) expect(content.includes(one)).toBe(false);
  }
});
