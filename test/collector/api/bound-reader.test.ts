import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { questions } from '../../../collector/api/questions.js';
import { createDoor } from '../../../collector/keys/door.js';
import { createKeyRing } from '../../../collector/keys/key-ring.js';
import { createKey } from '../../../collector/keys/manage.js';
import { createUsage } from '../../../collector/keys/usage.js';
import { writeAudits } from '../../../collector/store/audits.js';
import { restrictedTo } from '../../../collector/store/restricted-store.js';
import { startTestWriter } from '../../support/span-rows.js';
import { CREDENTIAL_TENANTS } from '../../../schemas/attributes.js';
import type { Span } from '../../../schemas/span.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, START_US, trace } from '../../support/trace.js';

const NOW_US = START_US + 3_600_000_000;

const by = contract({
  policies: [
    { id: 'pro-monthly', match: { tenant: ['acme'] }, limit: { usd: 500, per: 'month' } },
    { id: 'globex-only', match: { tenant: ['globex'] }, limit: { usd: 500, per: 'month' } },
  ],
});

const globex = { ...clean, tenant: 'globex', policy: 'globex-only' };
const sentBy = (tenants: string) => ({ attributes: ['tenant.id', 'acme', CREDENTIAL_TENANTS, tenants] });

/** Traces by what is on them; the number makes the id. */
const traces = {
  own: trace(1).station('web', clean).station('llm', clean).call('gpt-4o').spans,
  ownDropped: trace(2).station('web', clean).station('llm', {}).call('gpt-4o').spans,
  foreign: trace(3).station('globex-web', globex).station('globex-llm', globex).call('globex-model').spans,
  rewritten: trace(4).station('web', clean).station('llm', globex).call('gpt-4o').spans,
  unattributed: trace(5).station('nobody-web', {}).call('nobody-model').spans,
  unauthorized: trace(6).station('web', {}, sentBy('globex')).call('gpt-4o', undefined, clean).spans,
  conflicting: trace(7).station('web', globex).inside(clean).call('gpt-4o').spans,
} satisfies Record<string, readonly Span[]>;

let test: TestStore;
let api: TestApi;
let keys: Record<'acme' | 'globex' | 'both' | 'all', string>;

beforeAll(async () => {
  test = await startTestStore();
  await using writer = startTestWriter({ store: test.store, clockUs: () => NOW_US, minGapMs: 1 });
  await writer.write(Object.values(traces).flat());
  const firstDay = new Date(START_US / 1_000).toISOString().slice(0, 10);
  await writeAudits(
    test.store,
    Object.values(traces).map((spans) => ({
      audit: auditTrace(spans, by),
      seenUs: [NOW_US],
      firstDay,
      earlier: null,
    })),
    NOW_US,
  );
  const make = async (name: string, tenants: readonly string[]): Promise<string> =>
    (await createKey(test.store, { name, role: 'read', tenants, services: ['*'] }, NOW_US)).key;
  keys = {
    acme: await make('acme', ['acme']),
    globex: await make('globex', ['globex']),
    both: await make('both', ['acme', 'globex']),
    all: await make('all', ['*']),
  };
  const clockUs = () => NOW_US;
  const usage = createUsage(test.store, clockUs, pino({ level: 'silent' }));
  api = await startTestApi(test.store, by, clockUs, { door: createDoor(createKeyRing(test.store), usage) });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

async function ask(path: string, key: string) {
  const response = await fetch(`${api.url}/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, text: await response.text() };
}

const calls = async (key: string, query = ''): Promise<string[]> => {
  const { text } = await ask(`/calls${query}`, key);
  const ids = [...text.matchAll(/"traceId":"0*([0-9a-f]+)"/g)].map(([, id]) => id ?? '');
  return ids.toSorted();
};

describe('a reader who is bound to a tenant', () => {
  it('sees the calls on which this tenant stands, and no other', async () => {
    expect(await calls(keys.all)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(await calls(keys.acme)).toEqual(['1', '2']);
    expect(await calls(keys.globex)).toEqual(['3']);
    expect(await calls(keys.both)).toEqual(['1', '2', '3']);
  });

  it('sees no more by asking for another tenant, or for a service that it shares', async () => {
    expect(await calls(keys.acme, '?tenant=globex')).toEqual([]);
    expect(await calls(keys.acme, '?service=globex-web')).toEqual([]);
    expect(await calls(keys.globex, '?service=web')).toEqual([]);
    expect(await calls(keys.globex, '?tenant=acme')).toEqual([]);
  });

  // The rules are about nobody's calls: whoever asks is told the same.
  const ofCalls = questions.filter(({ path }) => path !== '/rules');
  it.each(ofCalls.map(({ path, isForTenants = false }) => [path, isForTenants] as const))(
    'asks %s',
    async (path, isForTenants) => {
      const query = path === '/spend' ? '?by=tenant,model' : '';
      const bound = await ask(`${path}${query}`, keys.acme);
      if (!isForTenants) {
        expect(bound.status).toBe(403);
        return;
      }
      expect(bound.status).toBe(200);
      expect(bound.text).not.toMatch(/globex|nobody/);
      expect(bound.text).not.toBe((await ask(`${path}${query}`, keys.all)).text);
      expect((await ask(`${path}${query}`, keys.globex)).text).not.toMatch(/acme|nobody/);
    },
  );

  it('counts its own calls alone', async () => {
    const counted = async (key: string): Promise<number> => JSON.parse((await ask('/score', key)).text).score.calls;
    expect(await counted(keys.all)).toBe(7);
    expect(await counted(keys.acme)).toBe(2);
    expect(await counted(keys.globex)).toBe(1);
  });

  it('sees traces of its own alone', async () => {
    const seen = async (key: string): Promise<string[]> => {
      const statuses = await Promise.all(
        Object.entries(traces).map(async ([name, spans]) => ({
          name,
          status: (await ask(`/traces/${spans[0]?.traceId}`, key)).status,
        })),
      );
      return statuses.filter(({ status }) => status === 200).map(({ name }) => name);
    };
    expect(await seen(keys.all)).toEqual(Object.keys(traces));
    expect(await seen(keys.acme)).toEqual(['own', 'ownDropped']);
    expect(await seen(keys.globex)).toEqual(['foreign']);
  });

  it('cannot tell a trace of others from none', async () => {
    const foreign = await ask(`/traces/${traces.foreign[0]?.traceId}`, keys.acme);
    const none = await ask(`/traces/${'f'.repeat(32)}`, keys.acme);
    expect(foreign.text.replaceAll(/[0-9a-f]{32}/g, '')).toBe(none.text.replaceAll(/[0-9a-f]{32}/g, ''));
  });
});

describe('a store that is restricted', () => {
  it('refuses whatever lacks the condition by which it is', async () => {
    const store = restrictedTo(test.store, ['acme']);
    const within = { within: [] };
    await expect(store.rows('SELECT * FROM calls FINAL')).rejects.toThrow('more than the tenants');
    await expect(store.rows('SELECT * FROM calls FINAL', within)).rejects.toThrow('more than the tenants');
    await expect(store.selectRowBinary('SELECT * FROM spans')).rejects.toThrow('more than the tenants');
    await expect(store.command('INSERT INTO gates SELECT 1', within)).rejects.toThrow('more than the tenants');
    await expect(store.insertRowBinary('spans', [], Buffer.alloc(0))).rejects.toThrow('more than the tenants');
    expect(() => restrictedTo(test.store, [])).toThrow();
  });

  it('puts its own tenants in the place of those that a question names', async () => {
    const store = restrictedTo(test.store, ['acme']);
    expect(await store.rows('SELECT {within: Array(String)} AS who', { within: ['globex'] })).toEqual([
      { who: ['acme'] },
    ]);
  });
});
