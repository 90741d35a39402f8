import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { auditTrace } from '../../../auditor/audit.js';
import { writeAudits } from '../../../collector/store/audits.js';
import { policyFitSchema } from '../../../schemas/policy-fit.js';
import type { Span } from '../../../schemas/span.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const at = { startUs: NOW_US - 3_600_000_000, endUs: NOW_US - 3_599_000_000 };

const judged = contract({
  services: { web: { role: 'entry' }, gateway: { role: 'gateway', enforces: true } },
  policies: [
    { id: 'pro-monthly', match: { tenant: ['acme'] } },
    { id: 'free', match: { tenant: ['initech'] } },
  ],
});
const { policy: _, ...noPolicy } = clean;
const call = { span: at };

/** One route a way in which a policy can fare; each call costs 0.0035 dollars. */
const routes: readonly (readonly Span[])[] = [
  trace(1).station('web', clean, at).station('gateway', clean, at).call('gpt-4o', undefined, call).spans,
  trace(2).station('web', clean, at).station('gateway', clean, at).call('gpt-4o', undefined, call).spans,
  trace(3).station('web', clean, at).station('side-door', clean, at).call('gpt-4o', undefined, call).spans,
  trace(4)
    .station('web', { ...clean, tenant: 'globex' }, at)
    .station('gateway', { ...clean, tenant: 'globex' }, at)
    .call('gpt-4o', undefined, call).spans,
  // Globex has no policy of its own to fall back to once the name is gone.
  trace(5)
    .station('web', { ...clean, tenant: 'globex' }, at)
    .station('gateway', { ...noPolicy, tenant: 'globex' }, at)
    .call('gpt-4o', null, { span: { ...at, status: 2 }, facts: { stream: true } }).spans,
  trace(6)
    .station('web', { ...clean, policy: 'gold' }, at)
    .station('gateway', { ...clean, policy: 'gold' }, at)
    .call('gpt-4o', undefined, call).spans,
  trace(7)
    .station('web', { feature: 'chat' }, at)
    .station('gateway', { feature: 'chat' }, at)
    .call('gpt-4o', undefined, call).spans,
];

let test: TestStore;
let api: TestApi;
beforeAll(async () => {
  test = await startTestStore();
  await writeAudits(
    test.store,
    routes.map((spans) => ({
      audit: auditTrace(spans, judged),
      seenUs: [NOW_US],
      firstDay: new Date(NOW_US / 1_000).toISOString().slice(0, 10),
      earlier: null,
    })),
    NOW_US,
  );
  api = await startTestApi(test.store, judged, () => NOW_US);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

const usd = (text: string): string => text.padEnd(14, '0');

describe('policy fit', () => {
  it('says per policy and in dollars what it would and would not see, by route', async () => {
    const response = await fetch(`${api.url}/v1/policies?since=2h`);
    const { policies } = z.object({ policies: z.array(policyFitSchema) }).parse(await response.json());
    const fates = policies.map(({ policy, isDead, fates: all }) => [
      policy,
      isDead,
      ...all.map(({ fate, calls, costUsd, unknownCost }) => [fate, calls, costUsd, unknownCost]),
    ]);
    expect(fates).toEqual([
      [
        'pro-monthly',
        false,
        ['seen', 2, usd('0.0070'), 0],
        ['bypass', 1, usd('0.0035'), 0],
        ['mismatch', 1, usd('0.0035'), 0],
        ['lost', 1, usd('0.0000'), 1],
      ],
      ['free', true],
      [null, false, ['unattributed', 1, usd('0.0035'), 0]],
      ['gold', false, ['unattributed', 1, usd('0.0035'), 0]],
    ]);
    expect(policies[0]?.routes).toMatchObject([
      { fate: 'seen', route: ['web', 'gateway'], operation: 'chat', stream: false, failed: false, calls: 2 },
      { fate: 'bypass', route: ['web', 'side-door'] },
      { fate: 'mismatch', route: ['web', 'gateway'] },
      { fate: 'lost', route: ['web', 'gateway'], stream: true, failed: true, unknownCost: 1 },
    ]);
  });

  it('keeps to the policy that is asked about, listed or not', async () => {
    for (const [policy, ...all] of [
      ['pro-monthly', 'seen', 'bypass', 'mismatch', 'lost'],
      ['free'],
      ['gold', 'unattributed'],
      ['nowhere'],
    ]) {
      const response = await fetch(`${api.url}/v1/policies?since=2h&policy=${policy}`);
      const { policies } = z.object({ policies: z.array(policyFitSchema) }).parse(await response.json());
      expect(policies.map(({ policy: id, fates }) => [id, ...fates.map(({ fate }) => fate)])).toEqual([
        [policy, ...all],
      ]);
    }
  });

  it('is printed for a person, and leaves with 1 where a policy misses calls', async () => {
    const { code, stdout } = await waybill(['policies', '--url', api.url, '--since', '2h']);
    expect(code).toBe(1);
    expect(stdout).toContain('goes round it    $0.0035 in 1 call');
    expect(stdout).toContain('goes round it: web → side-door (chat), $0.0035 in 1 call');
    expect(stdout).toContain('free  sees no call');
    expect(stdout).toContain('gold  not in the contract');
    expect((await waybill(['policies', '--url', api.url, '--since', '1m'])).code).toBe(3);
    const json = await waybill(['policies', '--url', api.url, '--tenant', 'initech', '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ policies: [{ fates: [] }, { fates: [] }] });
  });
});
