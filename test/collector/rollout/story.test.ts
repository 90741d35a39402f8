import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readAuditLog } from '../../../collector/keys/audit-log.js';
import { gateHistory } from '../../../collector/store/questions/gate.js';
import { rolloutHistory } from '../../../collector/rollout/stored.js';
import { rolloutSchema, rolloutsSchema } from '../../../schemas/rollout.js';
import type { Span } from '../../../schemas/span.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import type { Flags } from '../../support/flags.js';
import { openFlags } from '../../support/flags.js';
import { storeAudits } from '../../support/store-audits.js';
import { clean, trace } from '../../support/trace.js';

const MINUTE_US = 60_000_000;

/** A gate that a few calls can open and close, and a lock that follows it within minutes. */
const by = contract({
  services: { web: { role: 'entry' }, agent: {}, gateway: { role: 'gateway', enforces: true } },
  policies: [{ id: 'pro-monthly' }],
  gate: { window: '1d', days: 1, calls: 10, enforceableSpend: 0.8, enforceableCalls: 0.8, misattributedCalls: 0.5 },
  rollout: { every: '1m', closeAfter: '5m', reopenAfter: '10m' },
});

let nowUs = 1_793_620_800_000_000;
let traces = 0;
let test: TestStore;
let api: TestApi;
let flags: Flags;

beforeAll(async () => {
  test = await startTestStore();
  api = await startTestApi(test.store, by, () => nowUs);
  flags = await openFlags(api.url);
});
afterAll(async () => {
  await flags[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

/** A request from web over agent to the gateway, which makes the call; broken: the agent drops the tenant. */
function request(tenant: string, isBroken: boolean): readonly Span[] {
  const whole = { ...clean, tenant };
  const arriving = isBroken ? { ...whole, tenant: undefined } : whole;
  const at = { startUs: nowUs - MINUTE_US, endUs: nowUs - MINUTE_US + 1_000_000 };
  traces += 1;
  return trace(traces)
    .station('web', whole, at)
    .station('agent', whole, at)
    .station('gateway', arriving, at)
    .call('gpt-4o', undefined, { ...arriving, span: at }).spans;
}

async function send(tenant: string, count: number, isBroken = false): Promise<void> {
  await storeAudits(
    test.store,
    by,
    Array.from({ length: count }, () => request(tenant, isBroken)),
    nowUs,
  );
}

async function pass(us: number): Promise<void> {
  nowUs += us;
  await api.rollouts.judge();
}

/** What an application is told, tenant by tenant. */
async function told(): Promise<Record<string, string>> {
  const tenants = ['acme', 'globex', 'nobody'];
  const modes = tenants.map(async (tenant) => {
    const { value } = await flags.enforcement({ targetingKey: 'request-1', tenant, policy: 'pro-monthly' });
    return [tenant, value];
  });
  return Object.fromEntries(await Promise.all(modes));
}

const put = (change: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${api.url}/v1/rollouts`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(change),
  });

describe('a rollout, from what was asked to what an application is told', () => {
  it('is off until somebody asks for it, whatever the gate says', async () => {
    await send('acme', 40);
    await send('globex', 40);
    await pass(0);
    expect(await told()).toEqual({ acme: 'off', globex: 'off', nobody: 'off' });
    expect(await flags.enforcement({ targetingKey: 'acme' })).toMatchObject({ reason: 'DEFAULT', variant: 'off' });
  });

  it('is shadow for all at once where enforce is asked for, and enforce where the gate is ready', async () => {
    const answer = await put({ policy: 'pro-monthly', mode: 'enforce', why: 'the pilot went well' });
    expect(rolloutSchema.parse(await answer.json())).toMatchObject({
      tenant: '*',
      policy: 'pro-monthly',
      mode: 'enforce',
      who: 'local',
    });
    expect(await told()).toEqual({ acme: 'shadow', globex: 'shadow', nobody: 'shadow' });
    await pass(0);
    expect(await told()).toEqual({ acme: 'enforce', globex: 'enforce', nobody: 'shadow' });
    expect(await flags.enforcement({ targetingKey: 'acme', feature: 'chat' })).toMatchObject({
      value: 'enforce',
      variant: 'enforce',
      reason: 'TARGETING_MATCH',
      // The contract has one policy, which covers all.
      flagMetadata: {
        tenant: 'acme',
        policy: 'pro-monthly',
        asked: 'enforce',
        gate: 'ready',
        stale: false,
        rolloutTenant: '*',
      },
    });
  });

  it('falls to shadow where attribution broke, when that has lasted, and nowhere else', async () => {
    await send('acme', 40, true);
    await send('globex', 40);
    await pass(0);
    await pass(4 * MINUTE_US);
    expect(await told()).toEqual({ acme: 'enforce', globex: 'enforce', nobody: 'shadow' });
    await pass(MINUTE_US);
    expect(await told()).toEqual({ acme: 'shadow', globex: 'enforce', nobody: 'shadow' });
    expect(await flags.enforcement({ targetingKey: 'acme', policy: 'pro-monthly' })).toMatchObject({
      flagMetadata: {
        asked: 'enforce',
        gate: 'not_ready',
        firstBlocker: expect.stringContaining('of spend is enforceable'),
      },
    });
  });

  it('goes on after a restart as it was', async () => {
    await using other = await startTestApi(test.store, by, () => nowUs);
    for (const tenant of ['acme', 'globex']) {
      const scope = { tenant, policy: 'pro-monthly' };
      expect(other.rollouts.modeOf(scope)).toEqual(api.rollouts.modeOf(scope));
    }
  });

  it('is enforce again after the fix, when that has lasted', async () => {
    nowUs += 25 * 60 * MINUTE_US;
    await send('acme', 40);
    await send('globex', 40);
    await pass(0);
    await pass(5 * MINUTE_US);
    expect(await told()).toEqual({ acme: 'shadow', globex: 'enforce', nobody: 'shadow' });
    await pass(5 * MINUTE_US);
    expect(await told()).toEqual({ acme: 'enforce', globex: 'enforce', nobody: 'shadow' });
  });

  it('never holds above what is asked: the most specific wins, at once', async () => {
    await put({ tenant: 'acme', mode: 'shadow', why: 'a complaint' });
    await put({ tenant: 'globex', policy: 'pro-monthly', mode: 'off', why: 'the contract ended' });
    expect(await told()).toEqual({ acme: 'shadow', globex: 'off', nobody: 'shadow' });
    await put({ tenant: 'globex', policy: 'pro-monthly', mode: 'enforce', why: 'it goes on' });
    // What was off was not asked about: the gate has to say anew that it is ready.
    expect(await told()).toEqual({ acme: 'shadow', globex: 'shadow', nobody: 'shadow' });
  });

  it('was written down turn by turn, with who and why', async () => {
    const turns = await rolloutHistory(test.store, { tenant: 'acme' }, 100);
    const ofPolicy = turns.filter(({ kind, policy }) => kind === 'asked' || policy === 'pro-monthly');
    expect(ofPolicy.map(({ kind, mode, who }) => `${kind} ${mode} by ${who}`)).toEqual([
      'effective shadow by waybill',
      'asked shadow by local',
      'effective enforce by waybill',
      'effective shadow by waybill',
      'effective enforce by waybill',
    ]);
    expect(ofPolicy[3]?.why).toMatch(/of spend is enforceable/);
    const log = await readAuditLog(test.store, 100);
    expect(log).toContainEqual(
      expect.objectContaining({
        actor: 'local',
        action: 'rollout-set',
        detail: 'shadow for tenant acme, any policy: a complaint',
      }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({
        actor: 'waybill',
        action: 'rollout-changed',
        detail: expect.stringMatching(
          /^shadow for tenant acme, policy pro-monthly, where enforce is asked for: \d+ % of spend/,
        ),
      }),
    );
    const answers = await gateHistory(test.store, { tenant: 'acme', policy: 'pro-monthly' });
    expect(answers.map(({ answer }) => answer.answer)).toEqual(['ready', 'not_ready', 'ready']);
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toMatch(/waybill_rollout_changes_total\{mode="shadow"\} [1-9]/);
    expect(metrics).toMatch(/waybill_rollout_scopes\{mode="shadow"\} [1-9]/);
  });

  it('is listed with what was asked and what holds', async () => {
    const listed = rolloutsSchema.parse(await (await fetch(`${api.url}/v1/rollouts`)).json());
    expect(listed.mayChange).toBe(true);
    expect(listed.rollouts.map(({ tenant, policy, mode }) => `${tenant} ${policy} ${mode}`)).toEqual([
      'globex pro-monthly enforce',
      'acme * shadow',
      '* pro-monthly enforce',
    ]);
    expect(listed.scopes).toContainEqual(
      expect.objectContaining({
        tenant: 'acme',
        policy: 'pro-monthly',
        mode: 'shadow',
        asked: 'shadow',
        gate: 'ready',
      }),
    );
  });

  it('is withdrawn for one scope, and what is asked for a wider one counts there again', async () => {
    const remove = (query: string) => fetch(`${api.url}/v1/rollouts?${query}`, { method: 'DELETE' });
    const acme = () => flags.enforcement({ targetingKey: 'request-1', tenant: 'acme', policy: 'pro-monthly' });
    await put({ tenant: 'acme', mode: 'off', why: 'another complaint' });
    expect(await acme()).toMatchObject({ value: 'off', flagMetadata: { rolloutTenant: 'acme' } });
    const withdrawn = await remove('tenant=acme&why=settled');
    expect(rolloutSchema.parse(await withdrawn.json())).toMatchObject({ tenant: 'acme', policy: '*', mode: 'off' });
    // Its lock was closed while it was off.
    expect(await acme()).toMatchObject({ value: 'shadow', flagMetadata: { asked: 'enforce', rolloutTenant: '*' } });
    expect((await remove('tenant=acme&why=settled')).status).toBe(404);
    expect((await remove('tenant=acme')).status).toBe(400);
    await using other = await startTestApi(test.store, by, () => nowUs);
    expect(other.rollouts.modeOf({ tenant: 'acme', policy: 'pro-monthly' })).toMatchObject({ asked: 'enforce' });
    const [turn] = (await rolloutHistory(test.store, { tenant: 'acme' }, 100)).filter(
      ({ kind }) => kind !== 'effective',
    );
    expect(turn).toMatchObject({ kind: 'withdrawn', mode: null, who: 'local', why: 'settled' });
    expect(await readAuditLog(test.store, 100)).toContainEqual(
      expect.objectContaining({
        actor: 'local',
        action: 'rollout-withdrawn',
        detail: 'off for tenant acme, any policy is withdrawn: settled',
      }),
    );
  });

  it('is off where nothing wider is asked for when it is withdrawn, also where another process sees to it', async () => {
    await using other = await startTestApi(test.store, by, () => nowUs);
    for (const query of ['tenant=globex&policy=pro-monthly', 'policy=pro-monthly']) {
      await fetch(`${api.url}/v1/rollouts?${query}&why=over`, { method: 'DELETE' });
    }
    expect(await told()).toEqual({ acme: 'off', globex: 'off', nobody: 'off' });
    await other.rollouts.judge();
    const scope = { tenant: 'acme', policy: 'pro-monthly' };
    expect(other.rollouts.modeOf(scope)).toMatchObject({ mode: 'off', asked: 'off', rollout: null });
    const turns = await rolloutHistory(test.store, scope, 100);
    expect(turns.find(({ kind }) => kind === 'effective')).toMatchObject({
      mode: 'off',
      why: 'Nobody asks for a rollout that covers this scope.',
    });
  });

  it('cannot be asked for without a reason, in an unknown mode, or for a part of a name', async () => {
    const refusalSchema = z.object({ error: z.object({ message: z.string() }) });
    for (const [change, message] of [
      [{ mode: 'enforce' }, /why/],
      [{ mode: 'on', why: 'x' }, /mode/],
      [{ tenant: 'ac*', mode: 'shadow', why: 'x' }, /a name, or \* alone/],
      [{ tenant: 'acme', mode: 'shadow', why: 'x', feature: 'chat' }, /Unknown parameter 'feature'/],
    ] as const) {
      const answer = await put(change);
      expect(answer.status).toBe(400);
      expect(refusalSchema.parse(await answer.json()).error.message).toMatch(message);
    }
  });
});
