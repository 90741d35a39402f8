import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { createKey } from '../../collector/keys/manage.js';
import { connectStore } from '../../collector/store/client.js';
import { storeAddress } from '../../collector/config.js';
import type { JsonSpan } from './otlp/request.js';
import { callSpan, requestOf, text, toJson } from './otlp/request.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybillAt, waybillPlace } from '../support/waybill.js';

const CONTRACT = `
attributes: { tenant: { values: [acme, globex] } }
policies:
  - { id: pro, match: { tenant: [acme] }, limit: { usd: 500, per: month } }
`;

/** What may be taken for `acme`, and is another tenant. */
const SPELLINGS = {
  'upper case': 'Acme',
  Cyrillic: 'аcme',
  'full width': 'ａｃｍｅ',
  'a space behind': 'acme ',
  'a tab before': '\tacme',
  'a space of no width': 'acme\u200b',
  'a byte order mark': '\uFEFFacme',
  'a soft hyphen': 'ac\u00adme',
  'a null byte': 'acme\0',
  'a list': 'acme,acme',
  'a wildcard': '*',
  'percent-encoding': '%61cme',
  'small capitals': 'ᴀᴄᴍᴇ',
  'letters of mathematics': '𝖺𝖼𝗆𝖾',
  'a combining mark': 'acme\u0301',
  'a space that does not break': 'acme\u00a0',
  'a wide space': '\u3000acme',
  'a new line behind': 'acme\n',
  'a turn of direction': 'acme\u202e',
  'a choice of variant': 'acme\ufe0f',
  'a letter of tags': 'acme\u{e0061}',
  'a slash before': '/acme',
  quotes: '"acme"',
} as const;

let running: RunningWaybill;
let keys: Record<'acme' | 'all' | 'readAcme' | 'admin', string>;

beforeAll(async () => {
  const place = await waybillPlace();
  await writeFile(join(place.dataDir, 'waybill.yaml'), CONTRACT);
  running = await startWaybillAt(place);
  const address = await storeAddress(
    { data: running.dataDir, clickhousePort: new URL(running.clickHouseUrl).port },
    {},
  );
  await using store = connectStore(address);
  const make = async (role: 'ingest' | 'read' | 'admin', tenants = ['*']): Promise<string> =>
    (await createKey(store, { name: role, role, tenants, services: ['*'] }, Date.now() * 1_000)).key;
  keys = {
    acme: await make('ingest', ['acme']),
    all: await make('ingest'),
    readAcme: await make('read', ['acme']),
    admin: await make('admin'),
  };
  // What the running Waybill knows of keys may be two seconds old.
  await vi.waitFor(async () => expect(await send([], 'made up')).toBe(401), 5_000);
});
afterAll(async () => running[Symbol.asyncDispose]());

async function send(spans: readonly JsonSpan[], key: string, service = 'agent'): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-api-key': key };
  const body = new Uint8Array(toJson(requestOf(spans, service)));
  return (await fetch(`${running.otlpUrl}/v1/traces`, { method: 'POST', headers, body })).status;
}

async function ask(path: string, key = keys.admin): Promise<unknown> {
  return (await fetch(`${running.apiUrl}${path}`, { headers: { 'x-api-key': key } })).json();
}

/** A call that happens now. */
function callNow(number: number, tenant: string, change: Partial<JsonSpan> = {}): JsonSpan {
  const startNs = BigInt(Date.now()) * 1_000_000n;
  const attributed = [text('tenant.id', tenant), text('feature.id', 'chat'), text('budget.policy.id', 'pro')];
  return {
    ...callSpan(attributed, number),
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 1_000_000n),
    ...change,
  };
}

const viewSchema = z.looseObject({
  spans: z.array(z.looseObject({ spanId: z.string() })),
  calls: z.array(
    z.looseObject({
      misattributed: z.boolean(),
      costUsd: z.string().nullable(),
      findings: z.array(z.looseObject({ rule: z.string(), message: z.string() })),
    }),
  ),
});

const traceIdOf = (number: number) => number.toString(16).padStart(32, '0');
const viewOf = async (number: number) => viewSchema.parse(await ask(`/v1/traces/${traceIdOf(number)}`));

describe('a tenant in the spelling of another', () => {
  const first = 100;

  it('is another tenant: a key that may not speak for it is found out, whatever it looks like', async () => {
    expect(await send([callNow(first, 'acme')], keys.acme)).toBe(200);
    for (const [i, tenant] of Object.values(SPELLINGS).entries()) {
      expect(await send([callNow(first + 1 + i, tenant)], keys.acme)).toBe(200);
    }
    expect((await viewOf(first)).calls).toMatchObject([{ misattributed: false }]);
    for (const [i, [how]] of Object.entries(SPELLINGS).entries()) {
      const { calls } = await viewOf(first + 1 + i);
      const rules = calls[0]?.findings.map(({ rule }) => rule);
      expect(rules, how).toContain('unauthorized-tenant');
      expect(rules, how).toEqual(expect.arrayContaining([expect.stringMatching(/malformed|unregistered/)]));
      expect(calls[0]?.misattributed, how).toBe(true);
    }
    const [cyrillic] = (await viewOf(first + 2)).calls;
    const said = cyrillic?.findings.map(({ message }) => message).join(' ');
    expect(said).toContain(String.raw`"\u{430}cme", which looks like 'acme' and is not`);
  });

  it('is not counted for it: not in spend, gate or budget, nor seen by its readers', async () => {
    const calls = async (query: string, key?: string) =>
      z.object({ calls: z.array(z.unknown()) }).parse(await ask(`/v1/calls?limit=1000${query}`, key)).calls.length;
    await expect.poll(() => calls(''), { timeout: 15_000 }).toBeGreaterThan(Object.keys(SPELLINGS).length);
    expect(await calls('&tenant=acme')).toBe(1);
    expect(await calls('', keys.readAcme)).toBe(1);
    for (const tenant of Object.values(SPELLINGS)) {
      expect(await calls(`&tenant=${encodeURIComponent(tenant)}`, keys.readAcme), tenant).toBe(0);
    }
    const spend = JSON.stringify(await ask('/v1/spend?by=tenant', keys.readAcme));
    expect([...spend.matchAll(/"calls":(\d+)/g)].map(([, count]) => count)).toContain('1');
    expect(await ask('/v1/gate?tenant=acme')).toMatchObject({ score: { calls: 1 } });
    expect(await ask('/v1/budgets')).toMatchObject({
      budgets: [{ policy: 'pro', spent: { calls: 1, costUsd: '0.003500000000' } }],
    });
  });
});

describe('a trace that no honest program makes', () => {
  it('whose spans are their own parents, or each the parent of another, is audited all the same', async () => {
    const id = (number: number) => number.toString(16).padStart(16, '0');
    expect(await send([callNow(201, 'acme', { parentSpanId: id(201) })], keys.all)).toBe(200);
    const inCircle = [1, 2, 3].map((at) =>
      callNow(202, 'acme', { spanId: id(at), parentSpanId: id((at % 3) + 1), ...(at === 3 ? {} : { attributes: [] }) }),
    );
    expect(await send(inCircle, keys.all)).toBe(200);
    for (const [number, spans] of [
      [201, 1],
      [202, 3],
    ] as const) {
      const view = await viewOf(number);
      expect(view.spans).toHaveLength(spans);
      expect(view.calls).toMatchObject([{ costUsd: '0.003500000000' }]);
      expect(view.calls[0]?.findings.map(({ rule }) => rule)).toContain('severed');
    }
  });

  it('whose span ids stand twice counts once: the last that arrived, and in one request the last that stands there', async () => {
    expect(await send([callNow(210, 'acme'), callNow(210, 'globex')], keys.all)).toBe(200);
    expect(await tenantOf(210)).toEqual(['globex']);
    expect(await send([callNow(210, 'acme')], keys.all)).toBe(200);
    expect(await tenantOf(210)).toEqual(['acme']);
  });

  it('of the year 1970, or 2106 and later, is kept and audited, and filed under the day on which it came', async () => {
    const year = (iso: string) => String(BigInt(Date.parse(iso)) * 1_000_000n);
    const times = {
      220: '0',
      221: year('1970-01-02T00:00:00Z'),
      222: year('2106-02-07T06:28:16Z'),
      223: year('2199-12-31T23:59:59Z'),
      224: '18446744073709551615',
    };
    for (const [number, at] of Object.entries(times)) {
      const spans = [callNow(Number(number), 'globex', { startTimeUnixNano: at, endTimeUnixNano: at })];
      expect(await send(spans, keys.all)).toBe(200);
    }
    for (const number of Object.keys(times)) {
      const view = await viewOf(Number(number));
      expect(view.spans, number).toHaveLength(1);
      expect(view.calls, number).toMatchObject([{ costUsd: expect.stringMatching(/^0\.\d{12}$/) }]);
    }
    const address = await storeAddress(
      { data: running.dataDir, clickhousePort: new URL(running.clickHouseUrl).port },
      {},
    );
    await using store = connectStore(address);
    const partitions = async (table: string) =>
      store.rows(
        `SELECT DISTINCT partition FROM system.parts
         WHERE database = currentDatabase() AND table = {table: String} AND active AND partition NOT BETWEEN toString(today() - 30) AND toString(today() + 1)`,
        { table },
      );
    await expect
      .poll(
        () =>
          store.rows(`SELECT uniqExact(trace_id) AS calls FROM calls FINAL WHERE trace_id IN {ids: Array(String)}`, {
            ids: Object.keys(times).map((number) => traceIdOf(Number(number))),
          }),
        { timeout: 15_000 },
      )
      .toEqual([{ calls: '5' }]);
    expect(await partitions('spans')).toEqual([]);
    expect(await partitions('calls')).toEqual([]);
  });
});

async function tenantOf(number: number): Promise<unknown[]> {
  const { calls } = z
    .object({ calls: z.array(z.object({ attributes: z.object({ tenant: z.object({ value: z.string() }) }) })) })
    .parse(await ask(`/v1/traces/${traceIdOf(number)}`));
  return calls.map(({ attributes }) => attributes.tenant.value);
}
