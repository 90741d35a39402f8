import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { parseContract } from '../../../collector/contract/load.js';
import { startTestWriter } from '../../support/span-rows.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

let test: TestStore;
let dir: string;
let api: TestApi;
beforeAll(async () => {
  test = await startTestStore();
  dir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  const nowUs = Date.now() * 1_000;
  let clockUs = nowUs;
  await using writer = startTestWriter({ store: test.store, clockUs: () => clockUs, minGapMs: 1 });
  const startUs = nowUs - 3_600_000_000;
  const span = { startUs, endUs: startUs + 1_000_000 };
  for (let i = 1; i <= 4; i += 1) {
    const tenant = i === 1 ? ['customerId', 'initech'] : ['tenant.id', `acme-${i}`];
    const attributes = [...tenant, 'feature.id', 'chat', 'budget.policy.id', 'pro-monthly', 'http.route', '/chat'];
    await writer.write(
      trace(i)
        .station('web', {}, { ...span, attributes })
        .station('litellm', clean, span)
        .call('gpt-4o', undefined, { span }).spans,
    );
  }
  clockUs += 10_000_000;
  await using loop = startAuditLoop({
    store: test.store,
    contract: contract(),
    clockUs: () => clockUs,
    log: pino({ level: 'silent' }),
    intervalMs: 0,
  });
  await loop.sweep();
  api = await startTestApi(test.store, contract(), () => clockUs);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

describe('waybill contract init', () => {
  it('proposes a contract that holds, from what is stored', async () => {
    const { code, stdout } = await waybill(['contract', 'init', '--url', api.url]);
    expect(code).toBe(0);
    expect(stdout).toContain("Proposed by 'waybill contract init' from 4 traces of the last 7d");
    expect(stdout).toContain('customerId # in 25 % of the traces');
    expect(parseContract(stdout, 'waybill.yaml')).toMatchObject({
      attributes: {
        tenant: {
          key: 'tenant.id',
          aliases: ['customerId'],
          values: ['acme', 'acme-2', 'acme-3', 'acme-4', 'initech'],
        },
        feature: { aliases: [], values: ['chat'] },
      },
      services: { web: { role: 'entry' }, litellm: { role: 'gateway' } },
    });
  });

  it('writes a file, and overwrites none', async () => {
    const file = join(dir, 'waybill.yaml');
    const run = () => waybill(['contract', 'init', '--url', api.url, '--out', file]);
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining('is written') });
    expect(await waybill(['contract', 'check', file])).toMatchObject({ code: 0 });
    const before = await readFile(file, 'utf8');
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
    expect(await readFile(file, 'utf8')).toBe(before);
  });
});
