import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { budgetsOf } from '../../../auditor/policy/simulate.js';
import { writeAudits } from '../../../collector/store/audits.js';
import { replayCalls } from '../../../collector/store/questions/replay-calls.js';
import { simulate } from '../../../collector/store/questions/simulate.js';
import { simulationSchema } from '../../../schemas/simulation.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

const DAY_US = 86_400_000_000;
/** Noon today: the calls of a test lie in one calendar day, or in two where they are meant to. */
const NOW_US = Math.floor((Date.now() * 1_000) / DAY_US) * DAY_US + DAY_US / 2;
const FIRST_US = NOW_US - 3_600_000_000;

/** A call costs 0.0035 dollars: the day's budget is gone with the third. */
const tight = contract({
  services: { web: { role: 'entry' }, gateway: { role: 'gateway', enforces: true } },
  policies: [{ id: 'pro-monthly', match: { tenant: ['acme', 'globex'] }, limit: { usd: 0.01, per: 'day' } }],
});

type Fate = 'clean' | 'dropped' | 'rewritten' | 'bypass';

function spansOf(number: number, startUs: number, fate: Fate) {
  const { feature, policy } = clean;
  const span = { startUs, endUs: startUs + 500_000 };
  const carried = {
    clean,
    bypass: clean,
    dropped: { feature, policy },
    rewritten: { ...clean, tenant: 'globex' },
  }[fate];
  return trace(number)
    .station('web', clean, span)
    .station(fate === 'bypass' ? 'side-door' : 'gateway', carried, span)
    .call('gpt-4o', undefined, { ...carried, span }).spans;
}

/** One a second, save the last two, which start together. */
const TODAY: readonly Fate[] = ['clean', 'clean', 'clean', 'dropped', 'bypass', 'rewritten', 'clean', 'clean'];

let test: TestStore;
let api: TestApi;
beforeAll(async () => {
  test = await startTestStore();
  const today = TODAY.map((fate, i) => spansOf(i + 1, FIRST_US + Math.min(i, TODAY.length - 2) * 1_000_000, fate));
  const yesterday = [spansOf(100, FIRST_US - DAY_US, 'clean')];
  await writeAudits(
    test.store,
    [...today, ...yesterday].map((spans) => ({
      audit: auditTrace(spans, tight),
      seenUs: [NOW_US],
      firstDay: new Date((FIRST_US - DAY_US) / 1_000).toISOString().slice(0, 10),
      earlier: null,
    })),
    NOW_US,
  );
  api = await startTestApi(test.store, tight, () => NOW_US);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

async function ask(query: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${api.url}/v1/simulate?${query}`);
  return { status: response.status, body: await response.json() };
}

const sum = (calls: number, costUsd: string) => ({ calls, costUsd: `${costUsd}00000000`, unknownCost: 0 });

describe('GET /v1/simulate', () => {
  it('replays what is stored: blocks, false blocks, and what escapes', async () => {
    const { body } = await ask('since=4h&delay=0s');
    expect(simulationSchema.parse(body)).toMatchObject({
      all: sum(8, '0.0280'),
      letThrough: sum(3, '0.0105'),
      blocked: sum(3, '0.0105'),
      falselyBlocked: sum(1, '0.0035'),
      escaped: { unattributed: sum(1, '0.0035'), unresolved: sum(0, '0.0000'), bypass: sum(1, '0.0035') },
      policies: [
        {
          policy: 'pro-monthly',
          bypass: sum(1, '0.0035'),
          periods: 1,
          exhausted: [{ overshootUsd: '0.000500000000', blocked: sum(3, '0.0105') }],
          // The gateway would have said globex; it is acme that is stopped.
          tenants: [{ tenant: 'acme', blocked: sum(3, '0.0105'), falselyBlocked: sum(1, '0.0035') }],
        },
      ],
    });
  });

  it('lets more through the later spend is known, and takes other limits and periods', async () => {
    expect((await ask('since=4h&delay=10m')).body).toMatchObject({ blocked: { calls: 0 }, letThrough: { calls: 6 } });
    expect((await ask('since=4h&limit=0.02&delay=0s')).body).toMatchObject({ blocked: sum(0, '0.0000') });
    // Of two days' calls in one period, yesterday's already fills it.
    expect((await ask('since=48h&limit=0.0035&delay=0s')).body).toMatchObject({
      all: { calls: 9 },
      letThrough: { calls: 2 },
      policies: [{ periods: 2 }],
    });
  });

  it('names what is wrong with a question', async () => {
    for (const [query, text] of [
      ['policy=gold', /no policy 'gold'/],
      ['limit=lots', /'limit': must be an amount/],
      ['limit=0', /'limit': must be more/],
      ['delay=2h', /'delay': must be an hour/],
      ['delay=5', /'delay': must be a span/],
      ['inFlight=0', /'inFlight'/],
      ['tenant=acme', /Unknown parameter 'tenant'/],
    ] as const) {
      expect(await ask(query), query).toMatchObject({
        status: 400,
        body: { error: { message: expect.stringMatching(text) } },
      });
    }
  });

  it('says how far it has come to whoever accepts lines, and what is wrong at once with its status', async () => {
    const inLines = (query: string) =>
      fetch(`${api.url}/v1/simulate?${query}`, { headers: { accept: 'application/x-ndjson' } });
    const response = await inLines('since=48h');
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { progress: { done: 1, of: 9 } },
      { progress: { done: 9, of: 9 } },
      { answer: (await ask('since=48h')).body },
    ]);
    expect((await inLines('limit=0')).status).toBe(400);
  });

  it('comes to the same in pages of any size, calls that start together included', async () => {
    const asked = {
      budgets: budgetsOf(tight.source, {}),
      window: { fromUs: NOW_US - 2 * DAY_US, toUs: NOW_US },
      delayUs: 0,
      inFlight: 1,
    };
    const whole = await simulate(test.store, tight, asked);
    expect(whole.all.calls).toBe(9);
    for (const page of [1, 2, 3, 8]) expect(await simulate(test.store, tight, asked, page)).toEqual(whole);
    const sizes: number[] = [];
    for await (const { calls, of } of replayCalls(test.store, asked.window, 3)) {
      sizes.push(calls.length);
      expect(of).toBe(9);
    }
    expect(sizes).toEqual([1, 3, 3, 2]);
  });
});

describe('waybill simulate', () => {
  it('prints what the API answers, and leaves with 1 where blocks are false or spend escapes', async () => {
    const run = (...flags: string[]) => waybill(['simulate', '--url', api.url, '--delay', '0s', ...flags]);
    const pretty = await run('--since', '4h');
    expect(pretty).toMatchObject({ code: 1, stderr: '8 of 8 calls\n' });
    expect(pretty.stdout).toContain('pro-monthly  $0.01 per day');
    expect(pretty.stdout).toContain('acme: 3 calls, $0.0105 blocked, 1 falsely');
    const json = await run('--since', '4h', '--in-flight', '1', '--format', 'json');
    expect(simulationSchema.parse(JSON.parse(json.stdout))).toMatchObject({ inFlight: 1, delayUs: 0 });
  });

  it('leaves with 3 where there are no calls, and with 2 where it cannot ask', async () => {
    expect((await waybill(['simulate', '--url', api.url, '--since', '1m'])).code).toBe(3);
    expect(await waybill(['simulate', '--url', api.url, '--policy', 'gold'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no policy 'gold'"),
    });
    expect((await waybill(['simulate', '--url', 'http://127.0.0.1:9'])).code).toBe(2);
  });

  it('leaves with 0 where all blocks are right and nothing escapes: the budget was gone before the window', async () => {
    const lastTwo = ['simulate', '--url', api.url, '--since', '3594s', '--delay', '0s', '--format', 'json'];
    const { code, stdout } = await waybill(lastTwo);
    expect(simulationSchema.parse(JSON.parse(stdout))).toMatchObject({ all: { calls: 2 }, blocked: { calls: 2 } });
    expect(code).toBe(0);
  });
});
