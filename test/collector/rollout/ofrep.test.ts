import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDoor } from '../../../collector/keys/door.js';
import { createKeyRing } from '../../../collector/keys/key-ring.js';
import { createKey } from '../../../collector/keys/manage.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { openFlags } from '../../support/flags.js';

const NOW_US = 1_793_620_800_000_000;
const FLAG = 'waybill.enforcement';
const by = contract({ policies: [{ id: 'chat-monthly', match: { feature: 'chat' } }] });
const usage = { note: () => {}, noteOften: () => {} };

let test: TestStore;
let api: TestApi;
let passedMs = 0;

beforeAll(async () => {
  test = await startTestStore();
  const clockMs = () => performance.now() + passedMs;
  const door = createDoor(createKeyRing(test.store, clockMs), usage);
  api = await startTestApi(test.store, by, () => NOW_US, { door, clockMs });
  await api.rollouts.set({ tenant: 'acme', policy: '*', mode: 'enforce', why: 'a test' }, 'ops');
  await api.rollouts.set({ tenant: '*', policy: 'chat-monthly', mode: 'shadow', why: 'a test' }, 'ops');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

const acme = { context: { targetingKey: 'request-1', tenant: 'acme' } };

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${api.url}/ofrep/v1/evaluate/flags${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const json: unknown = text === '' ? null : JSON.parse(text);
  return { status: response.status, headers: response.headers, body: json };
}

describe('OFREP', () => {
  it('evaluates the one flag there is, for a tenant, and for a feature by the policy that covers it', async () => {
    const answer = await post(`/${FLAG}`, acme);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        key: FLAG,
        value: 'shadow',
        variant: 'shadow',
        reason: 'TARGETING_MATCH',
        metadata: {
          tenant: 'acme',
          asked: 'enforce',
          gate: 'unknown',
          stale: false,
          rolloutTenant: 'acme',
          rolloutPolicy: '*',
        },
      },
    });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await post(`/${FLAG}`, { context: { targetingKey: 'globex', feature: 'chat' } })).toMatchObject({
      body: {
        value: 'shadow',
        metadata: { policy: 'chat-monthly', rolloutTenant: '*', rolloutPolicy: 'chat-monthly' },
      },
    });
    expect(await post(`/${FLAG}`, { context: { targetingKey: 'globex', feature: 'search' } })).toMatchObject({
      body: { value: 'off', reason: 'DEFAULT', metadata: { asked: 'off' } },
    });
  });

  it('says what is wrong with a request in the codes of OpenFeature', async () => {
    for (const [path, body, status, errorCode] of [
      ['/no.such.flag', acme, 404, 'FLAG_NOT_FOUND'],
      [`/${FLAG}`, '{', 400, 'PARSE_ERROR'],
      [`/${FLAG}`, '', 400, 'PARSE_ERROR'],
      [`/${FLAG}`, {}, 400, 'INVALID_CONTEXT'],
      [`/${FLAG}`, [], 400, 'INVALID_CONTEXT'],
      [`/${FLAG}`, { context: { tenant: 7 } }, 400, 'INVALID_CONTEXT'],
      [`/${FLAG}`, { context: { feature: 'chat' } }, 400, 'TARGETING_KEY_MISSING'],
      [`/${FLAG}`, `"${'x'.repeat(70_000)}"`, 413, 'PARSE_ERROR'],
    ] as const) {
      const answer = await post(path, body);
      expect(answer).toMatchObject({
        status,
        body: { key: path.slice(1), errorCode, errorDetails: expect.any(String) },
      });
    }
    expect(await post('', { context: {} })).toMatchObject({
      status: 400,
      body: { errorCode: 'TARGETING_KEY_MISSING' },
    });
    const get = await fetch(`${api.url}/ofrep/v1/evaluate/flags/${FLAG}`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('says in bulk that nothing has changed, by ETag', async () => {
    const first = await post('', acme);
    expect(first).toMatchObject({ status: 200, body: { flags: [{ key: FLAG, value: 'shadow' }] } });
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const sent of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await post('', acme, { 'if-none-match': sent });
      expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, null, etag]);
    }
    expect((await post('', { context: { targetingKey: 'globex' } }, { 'if-none-match': etag })).status).toBe(200);
  });

  it("is read by OpenFeature's own SDK and provider, errors too", async () => {
    await using flags = await openFlags(api.url);
    expect(await flags.enforcement({ targetingKey: 'r', tenant: 'acme' })).toMatchObject({
      value: 'shadow',
      variant: 'shadow',
      reason: 'TARGETING_MATCH',
      flagMetadata: { asked: 'enforce', gate: 'unknown', stale: false },
    });
    expect(await flags.flag('no.such.flag', { targetingKey: 'r' })).toMatchObject({
      value: 'none',
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(await flags.enforcement({})).toMatchObject({ value: 'none', errorCode: 'TARGETING_KEY_MISSING' });
  });

  it('leaves all else to the API', async () => {
    expect((await fetch(`${api.url}/v1/rollouts`)).status).toBe(200);
    expect((await fetch(`${api.url}/ofrep/v2/anything`, { method: 'POST' })).status).toBe(404);
  });

  it('wants a key that may read once there are keys, bound to its tenants, and goes on while ClickHouse is away', async () => {
    const make = async (role: 'ingest' | 'read', tenants: string[]) =>
      (await createKey(test.store, { name: 'a', role, tenants, services: ['*'] }, NOW_US)).key;
    const [sender, reader, ofAcme] = [
      await make('ingest', ['*']),
      await make('read', ['*']),
      await make('read', ['acme']),
    ];
    passedMs += 10_000;
    const status = async (key: string | null, tenant = 'acme'): Promise<number> =>
      (await post(`/${FLAG}`, { context: { tenant } }, key === null ? {} : { authorization: `Bearer ${key}` })).status;
    expect(await status(null)).toBe(401);
    expect(await status('waybill_000000000000_x')).toBe(401);
    expect(await status(sender)).toBe(403);
    expect(await status(reader)).toBe(200);
    expect(await status(ofAcme)).toBe(200);
    expect(await status(ofAcme, 'globex')).toBe(403);

    await api.rollouts.sync();
    await test.engine.stop();
    passedMs += 60_000;
    expect(await post(`/${FLAG}`, acme, { 'x-api-key': reader })).toMatchObject({
      status: 200,
      body: { value: 'shadow', reason: 'STALE', metadata: { asked: 'enforce', stale: true } },
    });
    expect(await post(`/${FLAG}`, { context: { tenant: 'nobody' } }, { 'x-api-key': reader })).toMatchObject({
      body: { value: 'off', reason: 'STALE' },
    });
    expect(await status(null)).toBe(401);
    expect((await fetch(`${api.url}/v1/rollouts`, { headers: { 'x-api-key': reader } })).status).toBe(503);
  });
});
