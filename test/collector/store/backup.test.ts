import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { backUp, restore } from '../../../collector/store/backup.js';
import type { Store } from '../../../collector/store/client.js';
import { connectStore } from '../../../collector/store/client.js';
import { migrate } from '../../../collector/store/migrate.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { startTestWriter } from '../../support/span-rows.js';
import { storeAudits } from '../../support/store-audits.js';
import { clean, trace } from '../../support/trace.js';

const NOW_US = Date.now() * 1_000;
const startUs = NOW_US - 60_000_000;
const span = { startUs, endUs: startUs + 1_000_000 };

let from: TestStore;
let to: TestStore;
let directory: string;
beforeAll(async () => {
  from = await startTestStore();
  to = await startTestStore();
  directory = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  const traces = [1, 2, 3].map(
    (number) => trace(number).station('web', clean, span).call('gpt-4o', undefined, { span }).spans,
  );
  await using writer = startTestWriter({ store: from.store, clockUs: () => NOW_US, minGapMs: 1 });
  for (const spans of traces) await writer.write(spans);
  await storeAudits(from.store, contract(), traces, NOW_US);
});
afterAll(async () => {
  await from[Symbol.asyncDispose]();
  await to[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function held(store: Store): Promise<unknown[]> {
  return store.rows(`
    SELECT toString(sum(cost_usd)) AS usd, toUInt32(count()) AS calls, toUInt32(countIf(verdict = 'enforceable')) AS good,
      (SELECT toUInt32(count()) FROM spans FINAL) AS spans, (SELECT toUInt32(count()) FROM arrivals) AS arrivals,
      (SELECT toUInt32(count()) FROM migrations FINAL) AS migrations
    FROM calls FINAL`);
}

it('gives back in a fresh directory what was there: sums, verdicts and counts', async () => {
  const file = join(directory, "it's a backup");
  const before = await held(from.store);
  expect(before).toMatchObject([{ calls: 3, spans: 6 }]);
  expect(await backUp(from.store, file)).toBeGreaterThan(1_000);
  expect((await stat(file)).isDirectory()).toBe(true);
  await expect(backUp(from.store, file)).rejects.toThrow('exists');

  await restore(to.store, file, false);
  expect(await migrate(to.address)).toEqual([]);
  expect(await held(to.store)).toEqual(before);

  await expect(restore(to.store, file, false)).rejects.toThrow('--replace');
  await restore(to.store, file, true);
  expect(await held(to.store)).toEqual(before);

  await expect(restore(to.store, join(directory, 'none'), true)).rejects.toThrow('could not');
  expect(await held(to.store)).toEqual(before);
});

it('is nothing that the user for people may do', async () => {
  const password = (await readFile(join(from.dataDir, 'reader.password'), 'utf8')).trim();
  await using reader = connectStore({ ...from.address, username: 'reader', password });
  await expect(backUp(reader, join(directory, 'readers'))).rejects.toThrow(/ACCESS_DENIED|readonly|privileges/i);
});
