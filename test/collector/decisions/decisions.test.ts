import { afterAll, beforeAll, expect, it } from 'vitest';
import type * as z from 'zod';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { parseUsd } from '../../../auditor/cost/usd.js';
import { createDecisionMetrics } from '../../../collector/decisions/metrics.js';
import { startDecisions } from '../../../collector/decisions/start.js';
import { createDoor } from '../../../collector/keys/door.js';
import { createKeyRing } from '../../../collector/keys/key-ring.js';
import { createKey } from '../../../collector/keys/manage.js';
import { createUsage } from '../../../collector/keys/usage.js';
import { connectStore } from '../../../collector/store/client.js';
import type { Decision, decisionRequestSchema } from '../../../schemas/decision.js';
import { decisionSchema } from '../../../schemas/decision.js';
import type { Span } from '../../../schemas/span.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { freePort } from '../../support/free-port.js';
import { storeAudits } from '../../support/store-audits.js';
import { clean, trace } from '../../support/trace.js';

/** A gate that a few calls open, and a model that costs a dollar per thousand tokens. */
const by = contract({
  services: { web: { role: 'entry' }, gateway: { role: 'gateway', enforces: true } },
  policies: [
    {
      id: 'pro-monthly',
      match: { tenant: ['acme', 'globex'] },
      limit: { usd: 10, per: 'month' },
      alerts: [0.8, 0.5],
    },
    { id: 'starter', match: { tenant: ['initech'] }, limit: { usd: 10, per: 'month' } },
    { id: 'open', match: { tenant: ['hooli'] } },
  ],
  prices: [{ provider: 'openai', model: 'dear', inputPerMillion: 1_000, outputPerMillion: 0 }],
  gate: { window: '1d', days: 1, calls: 10, enforceableSpend: 0.5, enforceableCalls: 0.5, misattributedCalls: 0.9 },
  rollout: { every: '1m', closeAfter: '1d' },
});

let nowUs = 1_793_620_800_000_000;
let traces = 0;
let test: TestStore;
let api: TestApi;

beforeAll(async () => {
  test = await startTestStore();
  api = await startTestApi(test.store, by, () => nowUs);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

type Asked = z.input<typeof decisionRequestSchema>;

async function post(body: object, { url = api.url, headers = {} } = {}): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers };
  return fetch(`${url}/v1/decisions`, { method: 'POST', headers: all, body: JSON.stringify(body) });
}

async function decide(asked: Asked, url = api.url): Promise<Decision> {
  return decisionSchema.parse(await (await post(asked, { url })).json());
}

/** A call that costs so many dollars, made now; what reserved it stands on the span of the web, which is not the call's. */
function paid(usd: number, attributes: Record<string, string> = {}, model = 'dear'): readonly Span[] {
  traces += 1;
  const span = { startUs: nowUs + 1_000, endUs: nowUs + 2_000 };
  const built = trace(traces);
  built
    .station('web', clean, span)
    .station('gateway', clean, span)
    .call(model, { inputTokens: usd * 1_000, outputTokens: 0 }, { span });
  return built.spans.map((one) =>
    one.service === 'web' ? { ...one, attributes: [...one.attributes, ...Object.entries(attributes).flat()] } : one,
  );
}

const audited = (...spans: (readonly Span[])[]): Promise<void> => storeAudits(test.store, by, spans, nowUs);

async function rollOut(mode: string, tenant: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ mode, tenant, why: 'to try it' });
  await fetch(`${api.url}/v1/rollouts`, { method: 'PUT', headers, body });
  await api.rollouts.judge();
}

it('allows, and reserves nothing, where nothing is rolled out', async () => {
  await audited(...Array.from({ length: 40 }, () => paid(0.01)));
  await api.decisions.refresh();
  expect(await decide({ ...clean, estimatedCostUsd: '99' })).toMatchObject({
    decision: 'allow',
    would: 'deny',
    mode: 'off',
    reason: 'off',
    policy: 'pro-monthly',
    limitUsd: '10.000000000000',
    remainingUsd: '9.600000000000',
    reservationId: null,
    durable: false,
  });
});

it('allows in shadow, sets aside what will be spent, and says what it would have done', async () => {
  await rollOut('shadow', 'acme');
  expect(await decide({ ...clean, estimatedCostUsd: '9' })).toMatchObject({
    decision: 'allow',
    would: 'warn',
    mode: 'shadow',
    reason: 'near-limit',
    remainingUsd: '0.600000000000',
  });
  expect(await decide({ ...clean, estimatedCostUsd: '0.7' })).toMatchObject({
    decision: 'allow',
    would: 'deny',
    mode: 'shadow',
    reason: 'over-limit',
    remainingUsd: '0.000000000000',
  });
  nowUs += 6 * 60_000_000;
  await api.decisions.refresh();
  expect(await decide({ ...clean, estimatedCostUsd: '0' })).toMatchObject({ remainingUsd: '9.600000000000' });
});

it('denies in enforce what does not fit, and says why', async () => {
  await rollOut('enforce', 'acme');
  expect(await decide({ ...clean, estimatedCostUsd: '9.600000000001' })).toEqual({
    decision: 'deny',
    would: 'deny',
    mode: 'enforce',
    reason: 'over-limit',
    message:
      "Policy 'pro-monthly' has 9.600000000000 USD of 10.000000000000 USD a month left, and the call is expected to cost 9.600000000001 USD.",
    policy: 'pro-monthly',
    limitUsd: '10.000000000000',
    remainingUsd: '9.600000000000',
    reservationId: null,
    expiresAt: null,
    stale: false,
    durable: false,
  });
  expect(await decide({ tenant: 'acme', estimatedCostUsd: '0.1' })).toMatchObject({
    decision: 'allow',
    reason: 'within-budget',
    remainingUsd: '9.500000000000',
    durable: true,
  });
});

it('settles a reservation by the audited call that was made under it, wherever on its route it is named', async () => {
  nowUs += 6 * 60_000_000;
  await api.decisions.refresh();
  const { reservationId } = await decide({ ...clean, estimatedCostUsd: '2' });
  await audited(paid(1.5, { 'waybill.reservation.id': reservationId ?? '' }));
  await api.decisions.refresh();
  // 10 - 0.4 - 1.5: neither the estimate nor the cost counts twice.
  expect(await decide({ ...clean, estimatedCostUsd: '0' })).toMatchObject({ remainingUsd: '8.100000000000' });
});

it('settles by the trace id of the request where no span names the reservation', async () => {
  const spans = paid(1);
  await decide({ ...clean, estimatedCostUsd: '3', traceId: spans[0]?.traceId });
  expect(await decide({ ...clean, estimatedCostUsd: '0' })).toMatchObject({ remainingUsd: '5.100000000000' });
  await audited(spans);
  await api.decisions.refresh();
  expect(await decide({ ...clean, estimatedCostUsd: '0' })).toMatchObject({ remainingUsd: '7.100000000000' });
});

it('keeps the estimate of a call of which nobody knows what it cost, in the next process too', async () => {
  const { reservationId } = await decide({ ...clean, estimatedCostUsd: '2' });
  await audited(paid(1, { 'waybill.reservation.id': reservationId ?? '' }, 'never-heard-of'));
  nowUs += 6 * 60_000_000;
  await api.decisions.refresh();
  expect(await decide({ ...clean, estimatedCostUsd: '0' })).toMatchObject({ remainingUsd: '5.100000000000' });
  await using next = await startTestApi(test.store, by, () => nowUs);
  expect(await decide({ ...clean, estimatedCostUsd: '0' }, next.url)).toMatchObject({
    mode: 'enforce',
    remainingUsd: '5.100000000000',
  });
});

it('gives 100 callers at once no more than is left, and the next process knows it', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => decide({ ...clean, estimatedCostUsd: '0.083333333333' })),
  );
  const given = answers.filter(({ decision }) => decision !== 'deny');
  expect(given).toHaveLength(61);
  expect(given.every(({ durable, reservationId }) => durable && reservationId !== null)).toBe(true);
  expect(new Set(given.map(({ reservationId }) => reservationId)).size).toBe(61);
  const left = (parseUsd('5.1') ?? 0n) - 61n * (parseUsd('0.083333333333') ?? 0n);
  await using next = await startTestApi(test.store, by, () => nowUs);
  const { remainingUsd } = await decide({ ...clean, estimatedCostUsd: '1' }, next.url);
  expect(parseUsd(remainingUsd ?? '')).toBe(left);
});

it('never denies where the contract does not say which limit counts', async () => {
  const asked = { tenant: 'initech', estimatedCostUsd: '99' };
  expect(await decide({ ...asked, policy: 'pro-monthly' })).toMatchObject({
    decision: 'allow',
    reason: 'off',
    policy: null,
  });
  await rollOut('enforce', 'initech');
  await rollOut('enforce', 'hooli');
  const reasonOf = async (one: Asked): Promise<unknown> => {
    const { decision, reason, policy } = await decide({ estimatedCostUsd: '99', ...one });
    return [decision, reason, policy];
  };
  expect(await reasonOf({ tenant: 'initech', policy: 'pro-monthly' })).toEqual(['allow', 'policy-mismatch', null]);
  expect(await reasonOf({ tenant: 'initech', policy: 'no-such' })).toEqual(['allow', 'unknown-policy', null]);
  expect(await reasonOf({ tenant: 'hooli' })).toEqual(['allow', 'no-limit', 'open']);
  // The gate has seen no call of it, so enforcement that is asked for does not hold.
  expect(await decide({ tenant: 'initech', estimatedCostUsd: '99' })).toMatchObject({
    decision: 'allow',
    would: 'deny',
    mode: 'shadow',
  });
});

it('says what is wrong with a request', async () => {
  const wrong = await post({ tenant: 'acme', estimatedCostUsd: 0.1 });
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain('estimatedCostUsd');
  expect((await post({ tenant: 'acme', estimatedCostUsd: '-1' })).status).toBe(400);
  expect((await post({ tenant: 'acme', cost: '1' })).status).toBe(400);
});

it('answers ingest keys, those that are bound to a tenant for that one alone', async () => {
  const usage = createUsage(test.store, () => nowUs, pino({ level: 'silent' }));
  const door = createDoor(createKeyRing(test.store), usage);
  const services = ['*'];
  const bound = await createKey(test.store, { name: 'acme', role: 'ingest', tenants: ['acme'], services }, nowUs);
  const reader = await createKey(test.store, { name: 'reader', role: 'read', tenants: ['*'], services }, nowUs);
  await using locked = await startTestApi(test.store, by, () => nowUs, { door });
  const statusFor = async (key: string, asked: Asked): Promise<number> =>
    (await post(asked, { url: locked.url, headers: { authorization: `Bearer ${key}` } })).status;
  expect(await statusFor(bound.key, { tenant: 'acme' })).toBe(200);
  expect(await statusFor(bound.key, { tenant: 'globex' })).toBe(403);
  expect(await statusFor(bound.key, {})).toBe(403);
  expect(await statusFor(reader.key, { tenant: 'acme' })).toBe(403);
  expect((await post({ tenant: 'acme' }, { url: locked.url })).status).toBe(401);
});

it('allows, and says that it goes by nothing, where ClickHouse was away from the start', async () => {
  const address = { ...test.address, url: `http://127.0.0.1:${await freePort()}` };
  await using store = connectStore(address);
  const enforced = { mode: 'enforce', asked: 'enforce', reason: '', since: null, stale: true, gate: 'ready' } as const;
  await using decisions = await startDecisions({
    store,
    contract: by,
    modes: { modeOf: () => ({ ...enforced, blocker: '', rollout: null }) },
    metrics: createDecisionMetrics(new Registry()),
    clockUs: () => nowUs,
    log: pino({ level: 'silent' }),
    isTimed: false,
  });
  expect(await decisions.decide({ ...clean, estimatedCostUsd: '99' }, 'local')).toMatchObject({
    decision: 'allow',
    mode: 'enforce',
    reason: 'spend-unknown',
    remainingUsd: null,
    stale: true,
    durable: false,
  });
});
