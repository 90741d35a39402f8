import { questions } from '../../collector/api/questions.js';
import { ANYONE } from '../../collector/keys/key-ring.js';
import type { Store } from '../../collector/store/client.js';
import { createDaySums } from '../../collector/store/day-sums.js';
import { contract } from '../support/contract.js';
import { startTestStore } from '../support/engine.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { CALL_DAYS, generateCalls } from './generate-calls.js';

/** What the page asks, over the default window and over all that is stored. */
const ASKED: readonly { readonly path: string; readonly query: Readonly<Record<string, string>> }[] = [
  { path: '/gate', query: { keep: 'false' } },
  { path: '/score', query: {} },
  { path: '/series', query: {} },
  { path: '/gaps', query: {} },
  { path: '/scopes', query: { limit: '1000' } },
  { path: '/spend', query: { by: 'tenant' } },
  { path: '/spend', query: { by: 'user,day' } },
  { path: '/spend', query: { by: 'tenant,model' } },
  { path: '/hops', query: {} },
  { path: '/routes', query: {} },
  { path: '/calls', query: {} },
  { path: '/policies', query: {} },
  { path: '/budgets', query: {} },
  { path: '/decisions/summary', query: {} },
  { path: '/gate', query: { keep: 'false', tenant: 'tenant-7' } },
  { path: '/gaps', query: { tenant: 'tenant-7' } },
  { path: '/calls', query: { tenant: 'tenant-7' } },
];

/** Without a limit there is no budget to ask about; each policy of the calls has one. */
const CONTRACT = contract({
  policies: Array.from({ length: 10 }, (_, i) => ({
    id: `policy-${i}`,
    match: { tenant: Array.from({ length: 100 }, (_unused, j) => `tenant-${10 * j + i}`) },
    limit: { usd: 500_000, per: 'month' as const },
  })),
});

/** What a view asks at once. The gates of single scopes, which come after its list of them, are asked two at a time. */
const VIEWS: Readonly<Record<string, readonly (readonly [string, Readonly<Record<string, string>>])[]>> = {
  overview: [
    ['/gate', { keep: 'false' }],
    ['/series', {}],
    ['/gaps', { severity: 'error,warning', limit: '50' }],
    ['/scopes', { limit: '1000' }],
  ],
  hops: [
    ['/hops', {}],
    ['/gaps', { limit: '1000' }],
  ],
  spend: [
    ['/spend', { by: 'tenant', limit: '1000' }],
    ['/spend', { by: 'provider', limit: '1000' }],
  ],
  readiness: [
    ['/gate', { keep: 'false' }],
    ['/gaps', { severity: 'error,warning', limit: '50' }],
    ['/scopes', { limit: '1000' }],
    ['/decisions/summary', {}],
  ],
};

const GATES = 20;

/**
 * How long each question of the page takes over so many calls in 30 days: of the last 7 days, and of all; how long it
 * takes the first time, when nothing is kept of days yet; and how long a view waits for the last of its answers. Days
 * that are over are one part each, as an hour makes of them by itself.
 */
export async function benchQuestions(sizes: readonly number[], runs = 5): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const calls of sizes) {
    await using test = await startTestStore();
    const nowUs = Date.now() * 1_000;
    await generateCalls(test.store, calls, nowUs);
    const keepingNothing = (): Store => ({ ...test.store, daySums: createDaySums(test.store) });
    const store = keepingNothing();
    for (const since of ['7d', `${CALL_DAYS}d`]) {
      for (const { path, query } of ASKED) {
        // Since a forecast has stretches of its own, budgets are asked as the page does: without a window.
        const asked = path === '/budgets' ? { ...query } : { ...query, since };
        if (path === '/budgets' && since !== '7d') continue;
        const name = `${path} ${new URLSearchParams(asked).toString() || '(default)'}`;
        // Questions share what they keep.
        const [first = 0] = await repeat(0, () => ask(keepingNothing(), nowUs, path, asked));
        const [, ...again] = await repeat(runs, () => ask(store, nowUs, path, asked));
        figures.push(figure(`${name}, ${inMillions(calls)} million calls`, 'ms', again));
        figures.push(figure(`${name}, ${inMillions(calls)} million calls, first time`, 'ms', [first]));
      }
      for (const [view, all] of Object.entries(VIEWS)) {
        const [, ...again] = await repeat(runs, async () => {
          await Promise.all(all.map(([path, query]) => ask(store, nowUs, path, { ...query, since })));
        });
        figures.push(figure(`view ${view} since=${since}, ${inMillions(calls)} million calls`, 'ms', again));
      }
    }
    const gate = { keep: 'false', tenant: 'tenant-7' };
    const start = performance.now();
    for (let i = 0; i < GATES; i += 1) await ask(store, nowUs, '/gate', gate);
    const perSecond = (GATES * 1_000) / (performance.now() - start);
    figures.push(figure(`answers of the gate for one tenant, ${inMillions(calls)} million calls`, '/s', [perSecond]));
  }
  return figures;
}

/** How a size is written in the names of figures. */
export function inMillions(calls: number): string {
  return String(calls / 1_000_000);
}

async function ask(store: Store, nowUs: number, path: string, query: Readonly<Record<string, string>>): Promise<void> {
  const question = questions.find((one) => one.path === path);
  if (question === undefined) throw new Error(`There is no question ${path}.`);
  await question.answer(query, { store, contract: CONTRACT, nowUs, caller: ANYONE, note: () => {} });
}

/** How long it takes, milliseconds: the first time, and then as often as is asked for. */
async function repeat(runs: number, action: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const start = performance.now();
    await action();
    times.push(performance.now() - start);
  }
  return times;
}
