import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { packagePath } from '../../../collector/package-path.js';
import type { Store, StoreAddress } from '../../../collector/store/client.js';
import { connectStore } from '../../../collector/store/client.js';
import { migrate } from '../../../collector/store/migrate.js';
import { applyRetention } from '../../../collector/store/retention.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

/** Written by the first Waybill that kept anything, and what it answered; `make.mjs` there made it. */
const FIXTURE = packagePath('test/fixtures/first-schema');
const FIRST = ['0001_spans.sql', '0002_calls.sql', '0003_payloads.sql'];
/** Those that views fill come after those that fill them, and are emptied before. */
const TABLES = ['spans', 'payloads', 'arrivals', 'span_keys', 'payload_keys', 'calls', 'audits', 'cuts', 'gates'];

const answersSchema = z.object({
  from: z.string(),
  to: z.string(),
  score: z.looseObject({}),
  spend: z.looseObject({}),
  gaps: z.looseObject({ gaps: z.array(z.looseObject({})) }),
});

let test: TestStore;
let store: Store;
let address: StoreAddress;
let directory: string;
beforeAll(async () => {
  test = await startTestStore();
  address = { ...test.address, database: 'first' };
  directory = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  for (const file of FIRST) await cp(packagePath('schemas/clickhouse', file), join(directory, file));
  await migrate(address, directory);
  store = connectStore(address);
  // Else the fixture would be too old one day.
  await applyRetention(store, { spanDays: 10_000, callDays: 10_000 });
  for (const table of [...TABLES, 'migrations']) await load(table);
});
afterAll(async () => {
  await store.close();
  await test[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function load(table: string): Promise<void> {
  await store.command(`TRUNCATE TABLE ${table}`);
  const url = `${address.url}/?database=first&query=${encodeURIComponent(`INSERT INTO ${table} FORMAT Native`)}`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'x-clickhouse-user': address.username, 'x-clickhouse-key': address.password },
    body: Uint8Array.from(gunzipSync(await readFile(join(FIXTURE, `${table}.native.gz`)))),
  });
  expect(await answer.text()).toBe('');
}

/** Shares are sums of floating point, whose last digits go by the order of the calls; amounts of money are text. */
function read(json: string): unknown {
  return JSON.parse(json, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value));
}

it('what the first schema holds is opened by the present one, and answers score, spend and gaps as it did then', async () => {
  const before = answersSchema.parse(read(await readFile(join(FIXTURE, 'answers.json'), 'utf8')));
  const applied = await migrate(address);
  expect(applied.length).toBeGreaterThan(0);
  expect(applied).not.toEqual(expect.arrayContaining(FIRST));

  const nowUs = Date.parse(before.to) * 1_000;
  await using api = await startTestApi(store, contract(), () => nowUs);
  const window = `from=${before.from}&to=${before.to}`;
  const ask = async (path: string): Promise<unknown> =>
    read(await (await fetch(`${api.url}/v1/${path}${window}`)).text());

  expect(await ask('score?')).toMatchObject(before.score);
  expect(await ask('spend?by=tenant&')).toMatchObject(before.spend);
  expect(await ask('gaps?')).toMatchObject(before.gaps);
  expect(before.gaps.gaps.length).toBeGreaterThan(1);
  // Spans are there as well, to be audited again.
  expect(await store.rows('SELECT toUInt32(count()) AS spans FROM spans FINAL')).toEqual([{ spans: 180 }]);
  expect(await store.rows('SELECT toUInt32(count()) AS gates FROM gates')).toEqual([{ gates: 1 }]);
});
