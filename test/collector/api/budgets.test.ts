import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Budget } from '../../../schemas/budget.js';
import { budgetSchema } from '../../../schemas/budget.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { storeAudits } from '../../support/store-audits.js';
import { trace } from '../../support/trace.js';

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** Noon today. */
const NOW_US = Math.floor((Date.now() * 1_000) / DAY_US) * DAY_US + DAY_US / 2;

const judged = contract({
  services: { web: { role: 'entry' } },
  policies: [
    { id: 'pro-monthly', match: { tenant: 'acme' }, limit: { usd: 0.07, per: 'day' }, alerts: [1, 0.5, 0.8] },
    { id: 'hourly', match: { tenant: 'globex' }, limit: { usd: 0.0035, per: 'hour' } },
    { id: 'unlimited', match: { tenant: 'initech' } },
    { id: 'unused', match: { tenant: 'umbrella' }, limit: { usd: 1, per: 'week' }, alerts: [0.5] },
  ],
});

/** A call of 0.0035 dollars, or one of unknown cost. */
function spansOf(number: number, tenant: string, policy: string, startUs: number, usage?: null) {
  const carried = { tenant, feature: 'chat', policy };
  const span = { startUs, endUs: startUs + 1 };
  return trace(number).station('web', carried, span).call('gpt-4o', usage, { span }).spans;
}

let test: TestStore;
let api: TestApi;
beforeAll(async () => {
  test = await startTestStore();
  const traces = [
    // One each hour of the day so far, and one of the evening before.
    ...Array.from({ length: 12 }, (_, i) => spansOf(i + 1, 'acme', 'pro-monthly', NOW_US - i * HOUR_US - 1)),
    spansOf(20, 'acme', 'pro-monthly', NOW_US - 13 * HOUR_US),
    spansOf(21, 'acme', 'pro-monthly', NOW_US - HOUR_US, null),
    spansOf(30, 'globex', 'hourly', NOW_US),
    // It names a policy that does not cover it, so no budget counts it.
    spansOf(40, 'globex', 'pro-monthly', NOW_US - HOUR_US),
  ];
  await storeAudits(test.store, judged, traces, NOW_US);
  api = await startTestApi(test.store, judged, () => NOW_US + 1);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

async function budgets(query = ''): Promise<Budget[]> {
  const response = await fetch(`${api.url}/v1/budgets${query}`);
  return z.object({ budgets: z.array(budgetSchema) }).parse(await response.json()).budgets;
}

describe('GET /v1/budgets', () => {
  it('answers the policies that have a limit, with the spend of the period that runs now', async () => {
    const [pro, hourly, unused, ...others] = await budgets();
    expect(others).toEqual([]);
    expect(pro).toMatchObject({
      policy: 'pro-monthly',
      limitUsd: '0.070000000000',
      // The evening before belongs to another day.
      spent: { calls: 13, costUsd: '0.042000000000', unknownCost: 1 },
      remainingUsd: '0.028000000000',
      share: expect.closeTo(0.6, 12),
      thresholds: [
        { share: 0.5, usd: '0.035000000000', isCrossed: true },
        { share: 0.8, usd: '0.056000000000', isCrossed: false },
        { share: 1, usd: '0.070000000000', isCrossed: false },
      ],
      outlook: 'runs-out',
    });
    expect(hourly).toMatchObject({ policy: 'hourly', share: 1, outlook: 'exhausted', spent: { calls: 1 } });
    expect(unused).toMatchObject({ policy: 'unused', spent: { calls: 0 }, outlook: 'unknown', forecast: null });
  });

  it('forecasts from the window that is asked for, from the first call in it on', async () => {
    const [pro] = await budgets('?policy=pro-monthly');
    // Fourteen hours, of which one had no call and one had one of unknown cost besides.
    expect(pro?.forecast).toMatchObject({ stretches: 14, usdPerDay: '0.078000000000' });
    const [short] = await budgets('?policy=pro-monthly&since=6h');
    expect(short?.forecast).toMatchObject({ stretches: expect.any(Number), usdPerDay: expect.any(String) });
    expect(Date.parse(short?.forecast?.from ?? '')).toBeGreaterThanOrEqual((NOW_US - 6 * HOUR_US) / 1_000);
  });

  it('names what is wrong with a question', async () => {
    expect((await fetch(`${api.url}/v1/budgets?since=soon`)).status).toBe(400);
    expect((await fetch(`${api.url}/v1/budgets?tenant=acme`)).status).toBe(400);
    expect(await budgets('?policy=none')).toEqual([]);
  });
});
