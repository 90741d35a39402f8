import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Store } from '../../../collector/store/client.js';
import { applyRetention, DEFAULT_RETENTION } from '../../../collector/store/retention.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { storeAudits } from '../../support/store-audits.js';
import { startTestWriter } from '../../support/span-rows.js';
import { clean, trace } from '../../support/trace.js';

const DAY_US = 86_400_000_000;
const TODAY_US = Math.floor((Date.now() * 1_000) / DAY_US) * DAY_US;

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

async function daysIn(store: Store, table: string): Promise<unknown[]> {
  return store.rows(`SELECT DISTINCT toInt32(today() - day) AS age FROM ${table} ORDER BY age`);
}

it('is that of the schema unless told otherwise, which is no change', async () => {
  expect(await applyRetention(test.store, DEFAULT_RETENTION)).toEqual([]);
});

it('lets what is older go, of spans and of calls by their own days, and changes nothing twice', async () => {
  const { store } = test;
  const old = [0, 5, 20].map((age, i) => {
    const startUs = TODAY_US - age * DAY_US + 1_000_000;
    const span = { startUs, endUs: startUs + 1_000 };
    return trace(i + 1)
      .station('web', clean, span)
      .call('gpt-4o', undefined, { span }).spans;
  });
  const nowUs = TODAY_US + 60_000_000;
  await using writer = startTestWriter({ store, clockUs: () => nowUs, minGapMs: 1 });
  for (const spans of old) await writer.write(spans);
  await storeAudits(store, contract(), old, nowUs);
  expect(await daysIn(store, 'spans')).toEqual([{ age: 0 }, { age: 5 }, { age: 20 }]);

  const changed = await applyRetention(store, { spanDays: 3, callDays: 10 });
  expect(changed).toEqual(['audits', 'calls', 'payload_keys', 'payloads', 'span_keys', 'spans']);
  await expect.poll(() => daysIn(store, 'spans'), { timeout: 30_000 }).toEqual([{ age: 0 }]);
  await expect.poll(() => daysIn(store, 'audits'), { timeout: 30_000 }).toEqual([{ age: 0 }]);
  await expect.poll(() => daysIn(store, 'calls'), { timeout: 30_000 }).toEqual([{ age: 0 }, { age: 5 }]);

  expect(await applyRetention(store, { spanDays: 3, callDays: 10 })).toEqual([]);
  expect(await applyRetention(store, { spanDays: 3, callDays: 400 })).toEqual(['calls']);
});
