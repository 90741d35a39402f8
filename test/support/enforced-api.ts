import type { TestApi } from './api.js';
import { startTestApi } from './api.js';
import { contract } from './contract.js';
import type { TestStore } from './engine.js';
import { startTestStore } from './engine.js';
import { storeAudits } from './store-audits.js';
import { clean, START_US, trace } from './trace.js';

/** An API at which enforcement holds for two tenants, each with a budget of its own. */
export interface EnforcedApi extends AsyncDisposable {
  readonly api: TestApi;
  readonly test: TestStore;
}

/** Of ten dollars, `acme` has spent 0.40 and `globex` twelve. */
export async function startEnforcedApi(): Promise<EnforcedApi> {
  const by = contract({
    services: { web: { role: 'entry' }, gateway: { role: 'gateway', enforces: true } },
    policies: [
      { id: 'acme-monthly', match: { tenant: ['acme'] }, limit: { usd: 10, per: 'month' } },
      { id: 'globex-monthly', match: { tenant: ['globex'] }, limit: { usd: 10, per: 'month' } },
    ],
    prices: [{ provider: 'openai', model: 'dear', inputPerMillion: 1_000, outputPerMillion: 0 }],
    gate: { window: '1d', days: 1, calls: 10, enforceableSpend: 0.5, enforceableCalls: 0.5, misattributedCalls: 0.9 },
  });
  const nowUs = START_US + 60_000_000;
  const test = await startTestStore();
  const calls = ['acme', 'globex'].flatMap((tenant, i) =>
    Array.from({ length: 40 }, (_, j) => {
      const carried = { ...clean, tenant, policy: `${tenant}-monthly` };
      const { spans } = trace(1 + i * 40 + j)
        .station('web', carried)
        .station('gateway', carried)
        .call('dear', { inputTokens: tenant === 'acme' ? 10 : 300, outputTokens: 0 });
      return spans;
    }),
  );
  await storeAudits(test.store, by, calls, nowUs);
  const api = await startTestApi(test.store, by, () => nowUs);
  await api.rollouts.set({ tenant: '*', policy: '*', mode: 'enforce', why: 'to try it' }, 'local');
  await api.rollouts.judge();
  return {
    api,
    test,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}
