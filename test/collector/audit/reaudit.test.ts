import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reaudit } from '../../../collector/audit/reaudit.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { startTestWriter } from '../../support/span-rows.js';
import { reauditSchema } from '../../../schemas/reaudit.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

const DAY_US = 86_400_000_000;
const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const WINDOW = { fromUs: NOW_US - 2 * DAY_US, toUs: NOW_US };

/** Today's contract does not know that some spans name their tenant otherwise; the other one does, and has a price. */
const today = contract();
const other = {
  attributes: { tenant: { aliases: ['customer_id'] } },
  prices: [{ provider: 'openai', model: 'our-own', inputPerMillion: 1, outputPerMillion: 10 }],
};

let test: TestStore;
let dir: string;
beforeAll(async () => {
  test = await startTestStore();
  dir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  let clockUs = NOW_US - 60_000_000;
  await using writer = startTestWriter({ store: test.store, clockUs: () => clockUs, minGapMs: 1 });
  for (let i = 1; i <= 6; i += 1) {
    const startUs = NOW_US - (i % 2) * DAY_US - 3_600_000_000;
    const tenant = i > 3 ? 'customer_id' : 'tenant.id';
    const attributes = [tenant, 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro'];
    const span = { startUs, endUs: startUs + 1_000_000, attributes };
    await writer.write(
      trace(i)
        .station('web', {}, span)
        .call(i === 6 ? 'our-own' : 'gpt-4o', undefined, { span }).spans,
    );
  }
  clockUs += 10_000_000;
  await using loop = startAuditLoop({
    store: test.store,
    contract: today,
    clockUs: () => clockUs,
    log: pino({ level: 'silent' }),
    intervalMs: 0,
  });
  await loop.sweep();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

async function stored(): Promise<unknown> {
  const [row] = await test.store.rows(
    "SELECT toUInt32(count()) AS calls, toUInt32(countIf(verdict = 'enforceable')) AS enforceable, toString(sum(cost_usd)) AS cost FROM calls FINAL",
  );
  return row;
}

const compared = {
  traces: 6,
  before: { calls: 6, unknownCost: 1, enforceable: { calls: { share: 0.5 } } },
  after: { calls: 6, unknownCost: 0, score: expect.any(Number), spendUsd: '0.019500000000' },
  verdicts: [
    { from: 'unattributed', to: 'enforceable', calls: 3, costUsd: '0.009000000000' },
    { from: 'enforceable', to: 'enforceable', calls: 3, costUsd: '0.010500000000' },
  ],
  rules: [
    { rule: 'missing', before: 3, after: 0 },
    { rule: 'unpriced', before: 1, after: 0 },
  ],
};

describe('another contract, tried on what is stored', () => {
  it('is compared with the one in force, and changes nothing in a dry run', async () => {
    const before = await stored();
    const progress: [number, number][] = [];
    const result = await reaudit({
      store: test.store,
      before: today,
      after: contract(other),
      window: WINDOW,
      isWritten: false,
      clockUs: () => NOW_US,
      onProgress: (done, of) => progress.push([done, of]),
    });
    expect(reauditSchema.parse(result)).toMatchObject({ ...compared, isWritten: false });
    expect(progress.at(-1)).toEqual([6, 6]);
    expect(await stored()).toEqual(before);
  });

  it('leaves all as it is where nothing differs', async () => {
    const same = await reaudit({
      store: test.store,
      before: today,
      after: today,
      window: WINDOW,
      isWritten: false,
      clockUs: () => NOW_US,
    });
    expect(same.after).toEqual(same.before);
    expect(same.verdicts.every(({ from, to }) => from === to)).toBe(true);
    expect(same.rules.every(({ before, after }) => before === after)).toBe(true);
  });

  it('takes the place of the audits before when it is told to, on the command line', async () => {
    const file = join(dir, 'new.yaml');
    await writeFile(file, JSON.stringify(other));
    const { url, username, password, database } = test.address;
    const at = new URL(database, url);
    Object.assign(at, { username, password });
    const env = { CLICKHOUSE_URL: at.href };
    const run = (...flags: string[]) =>
      waybill(['reaudit', '--since', '2d', '--contract', file, ...flags], { cwd: dir, env });
    const dry = await run('--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was written') });
    expect(dry.stderr).toContain('6 of 6 traces');
    expect(dry.stdout).toContain('unattributed → enforceable  3 calls, $0.009');
    expect(dry.stdout).toContain('missing              3 → 0');
    expect(await stored()).toMatchObject({ enforceable: 3 });
    const json = await run('--format', 'json');
    expect(reauditSchema.parse(JSON.parse(json.stdout))).toMatchObject({ ...compared, isWritten: true });
    expect(await stored()).toEqual({ calls: 6, enforceable: 6, cost: '0.0195' });
    expect((await run('--contract', join(dir, 'none.yaml'))).code).toBe(2);
  });

  it('says where it looks for data, where there is none', async () => {
    const file = join(dir, 'new.yaml');
    const { code, stderr } = await waybill(['reaudit', '--contract', file, '--data', join(dir, 'none')], { cwd: dir });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('There is no data of Waybill in') });
  });
});
