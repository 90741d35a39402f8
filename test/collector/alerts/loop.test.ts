import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { WebhookTarget } from '../../../collector/alerts/channels.js';
import type { AlertLoop, AlertLoopOptions } from '../../../collector/alerts/loop.js';
import { startAlertLoop } from '../../../collector/alerts/loop.js';
import type { AlertMetrics } from '../../../collector/alerts/metrics.js';
import { createAlertMetrics } from '../../../collector/alerts/metrics.js';
import { claimAttempt } from '../../../collector/store/alerts.js';
import { keepAnswer, askGate } from '../../../collector/store/questions/gate.js';
import type { RaisedAlert } from '../../../schemas/alert.js';
import { alertSchema, raisedAlertSchema } from '../../../schemas/alert.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { storeAudits } from '../../support/store-audits.js';
import { clean, trace } from '../../support/trace.js';
import type { WebhookReceiver } from '../../support/webhook.js';
import { startWebhook } from '../../support/webhook.js';

const SECOND_US = 1_000_000;
const HOUR_US = 3_600 * SECOND_US;
const DAY_US = 24 * HOUR_US;
/** Noon today. */
const NOON_US = Math.floor((Date.now() * 1_000) / DAY_US) * DAY_US + DAY_US / 2;

/** A call costs 0.0035 dollars: two are half of the day's budget, four are all of it. */
const judged = contract({
  services: { web: { role: 'entry' } },
  policies: [{ id: 'pro-monthly', match: {}, limit: { usd: 0.014, per: 'day' }, alerts: [0.5, 1] }],
  alerts: { forecast: false },
});

let test: TestStore;
let api: TestApi;
let receiver: WebhookReceiver;
let registry: Registry;
let metrics: AlertMetrics;
let nowUs = NOON_US;
let calls = 0;

const clockUs = () => nowUs;
const silent = pino({ level: 'silent' });

beforeAll(async () => {
  test = await startTestStore();
  api = await startTestApi(test.store, judged, () => nowUs + 1);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for (const table of ['calls', 'audits', 'alerts', 'alert_attempts', 'gates'])
    await test.store.command(`TRUNCATE TABLE ${table}`);
  registry = new Registry();
  metrics = createAlertMetrics(registry);
  // Every test has a day of its own: ids of alerts that were truncated away stay in the window of deduplication.
  nowUs -= DAY_US;
  receiver = await startWebhook();
  return async () => receiver[Symbol.asyncDispose]();
});

function loopOf(change: Partial<AlertLoopOptions> = {}): AlertLoop {
  const target: WebhookTarget = {
    id: 'ops',
    type: 'webhook',
    url: receiver.url,
    secret: null,
    format: 'json',
    allowPrivate: true,
    kinds: undefined,
  };
  return startAlertLoop({
    store: test.store,
    contract: judged.source,
    targets: [target],
    metrics,
    clockUs,
    log: silent,
    intervalMs: 0,
    ...change,
  });
}

/** Stores so many more calls that began a second ago. */
async function spend(
  count: number,
  startUs = nowUs - SECOND_US,
  carried: Partial<typeof clean> = clean,
): Promise<void> {
  const traces = Array.from({ length: count }, () => {
    calls += 1;
    const span = { startUs, endUs: startUs + 1 };
    return trace(calls).station('web', carried, span).call('gpt-4o', undefined, { span }).spans;
  });
  await storeAudits(test.store, judged, traces, nowUs);
}

async function after(seconds: number, loop: AlertLoop): Promise<void> {
  nowUs += seconds * SECOND_US;
  loop.wake();
  await loop.round();
}

const told = (): string[] =>
  receiver.taken.map(({ body }) => {
    const { id } = z.object({ alert: alertSchema }).parse(JSON.parse(body)).alert;
    return decodeURIComponent(id).split('/').slice(0, 3).join('/');
  });

async function history(): Promise<RaisedAlert[]> {
  const response = await fetch(`${api.url}/v1/alerts?since=1d`);
  return z.object({ alerts: z.array(raisedAlertSchema) }).parse(await response.json()).alerts;
}

const [half, whole] = ['budget-threshold/pro-monthly/0.5', 'budget-threshold/pro-monthly/1'];

describe('the alert loop', () => {
  it('tells of each threshold once a period, as calls land', async () => {
    const loop = loopOf();
    await spend(1);
    await after(61, loop);
    expect(told()).toEqual([]);
    await spend(1);
    await after(61, loop);
    expect(told()).toEqual([half]);
    await spend(1);
    await after(61, loop);
    expect(told()).toEqual([half]);
    await spend(5);
    await after(61, loop);
    expect(told()).toEqual([half, whole]);
    nowUs += DAY_US;
    await spend(2);
    await after(61, loop);
    expect(told()).toEqual([half, whole, half]);
    nowUs -= DAY_US;
  });

  it('tells nothing again after a restart, and sends what was left over', async () => {
    receiver.answer = { status: 503 };
    await spend(4);
    const first = loopOf();
    await after(0, first);
    await first.stop();
    expect((await history()).map(({ deliveries }) => deliveries)).toMatchObject([
      [{ channel: 'ops', state: 'pending', attempts: 0 }],
      [{ channel: 'ops', state: 'pending', attempts: 1, error: expect.stringContaining('503') }],
    ]);
    receiver.answer = { status: 200 };
    receiver.taken.length = 0;
    const second = loopOf();
    await after(60, second);
    await after(60, second);
    expect(told().toSorted()).toEqual([half, whole]);
    const states = (await history()).flatMap(({ deliveries }) => deliveries.map(({ state }) => state));
    expect(states).toEqual(['delivered', 'delivered']);
    await after(600, loopOf());
    expect(receiver.taken).toHaveLength(2);
  });

  it('tells once where many processes see the same at the same moment', async () => {
    await spend(4);
    const loops = Array.from({ length: 6 }, () => loopOf());
    for (let i = 0; i < 3; i += 1) {
      await Promise.all(loops.map((loop) => loop.round()));
      nowUs += 61 * SECOND_US;
    }
    expect(told().toSorted()).toEqual([half, whole]);
    expect((await history()).map(({ deliveries }) => deliveries)).toMatchObject([
      [{ state: 'delivered', attempts: 1 }],
      [{ state: 'delivered', attempts: 1 }],
    ]);
  });

  it('lets one of many claims of an attempt win', async () => {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const one = { alertId: `race ${nowUs}`, channel: 'ops', attempt };
      const claims = Array.from({ length: 8 }, (_, i) => claimAttempt(test.store, one, `process ${i}`, nowUs + i));
      expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
    }
  });

  it('tries again with longer and longer waits, and shows the failure in log, metrics and history', async () => {
    const lines: unknown[] = [];
    const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) });
    receiver.answer = { status: 500 };
    await spend(2);
    const loop = loopOf({ log });
    await after(0, loop);
    for (const [waitS, attempts] of [
      [4, 1],
      [2, 2],
      [4, 2],
      [8, 3],
    ] as const) {
      await after(waitS, loop);
      await after(0, loop);
      expect(receiver.taken.length, `${waitS}`).toBe(attempts);
    }
    expect(await history()).toMatchObject([
      { deliveries: [{ state: 'pending', attempts: 3, error: expect.stringMatching(/500/) }] },
    ]);
    expect(lines.filter((line) => JSON.stringify(line).includes('could not be delivered'))).toHaveLength(3);
    const failed = /waybill_alert_deliveries_total\{channel="ops",outcome="failed"\} 3/;
    expect(await registry.metrics()).toMatch(failed);
    receiver.answer = { status: 204 };
    await after(3_600, loop);
    expect(await history()).toMatchObject([{ deliveries: [{ state: 'delivered', attempts: 4, error: '' }] }]);
  });

  it('makes an attempt again where the process died over it', async () => {
    receiver.answer = { status: 500 };
    await spend(2);
    const loop = loopOf();
    await after(0, loop);
    const [alert] = await history();
    await claimAttempt(test.store, { alertId: alert?.id ?? '', channel: 'ops', attempt: 2 }, 'dead', nowUs);
    receiver.answer = { status: 200 };
    await after(30, loop);
    expect(receiver.taken).toHaveLength(1);
    await after(30, loop);
    expect(await history()).toMatchObject([{ deliveries: [{ state: 'delivered', attempts: 3 }] }]);
  });

  it('keeps the history where the contract names no channel', async () => {
    await spend(2);
    await after(0, loopOf({ targets: [] }));
    await after(61, loopOf());
    expect(await history()).toMatchObject([{ kind: 'budget-threshold', deliveries: [] }]);
    expect(receiver.taken).toEqual([]);
  });

  it('hears of calls of the last minutes of a period in the next one', async () => {
    nowUs = Math.floor(nowUs / DAY_US) * DAY_US + 30 * SECOND_US;
    await spend(2, nowUs - 60 * SECOND_US);
    await after(0, loopOf());
    expect(told()).toEqual([half]);
    nowUs += DAY_US / 2;
  });

  it('counts budgets for Prometheus', async () => {
    await spend(3);
    await after(0, loopOf());
    const text = await registry.metrics();
    expect(text).toMatch(/waybill_budget_spent_usd\{policy="pro-monthly",per="day"\} 0\.0105/);
    expect(text).toMatch(/waybill_budget_limit_usd\{policy="pro-monthly",per="day"\} 0\.014/);
    expect(text).toMatch(/waybill_alerts_raised_total\{kind="budget-threshold"\} 1/);
  });

  it('tells of unattributed spend, unusual days, a falling score, a lost gate and a limit that will be reached', async () => {
    const strict = contract({
      ...judged.source,
      policies: [{ id: 'pro-monthly', match: {}, limit: { usd: 0.6, per: 'day' } }],
      gate: { calls: 1, days: 1, policyProblems: 9 },
      alerts: {
        unattributedSpend: { over: 0.1, window: '2h' },
        scoreDrop: { points: 5, window: '2h' },
        gateLost: {},
        unusualSpend: { by: 'tenant' },
      },
    });
    for (let day = 1; day <= 8; day += 1) await spend(2, nowUs - day * DAY_US);
    await spend(60, nowUs - 3 * HOUR_US);
    await spend(20, nowUs - 2.5 * HOUR_US);
    const ready = await askGate(test.store, strict.source, {}, nowUs, '1s', false);
    await keepAnswer(test.store, { ...ready, answer: 'ready' }, nowUs - HOUR_US);
    await spend(30, nowUs - HOUR_US, {});
    await spend(20, nowUs - HOUR_US);
    const loop = loopOf({ contract: strict.source });
    await after(0, loop);
    const kinds = (await history()).map(({ kind }) => kind).toSorted();
    expect(kinds).toEqual(['budget-forecast', 'gate-lost', 'score-drop', 'unattributed-spend', 'unusual-spend']);
    expect(receiver.taken).toHaveLength(5);
    await after(301, loop);
    expect(receiver.taken).toHaveLength(5);
    const gates = await test.store.rows('SELECT answer FROM gates ORDER BY asked_at');
    expect(gates).toEqual([{ answer: 'ready' }, { answer: 'not_ready' }]);
  });
});
