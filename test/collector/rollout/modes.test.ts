import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedOf } from '../../../collector/rollout/asked.js';
import type { Lock } from '../../../collector/rollout/lock.js';
import type { HeldModes, ScopeState } from '../../../collector/rollout/modes.js';
import { createModes } from '../../../collector/rollout/modes.js';
import { isoMicros } from '../../../auditor/iso-micros.js';
import type { Rollout, RolloutMode } from '../../../schemas/rollout.js';
import { ANY, rolloutModes } from '../../../schemas/rollout.js';

const START_US = 1_793_620_800_000_000;
const MINUTE_US = 60_000_000;

function rollout(tenant: string, policy: string, mode: RolloutMode): Rollout {
  return { tenant, policy, mode, who: 'ops', why: 'a test', at: isoMicros(START_US) };
}

function lock(change: Partial<Lock> = {}): Lock {
  return { isOpen: true, gate: 'ready', blocker: '', turnedUs: START_US, answeredUs: START_US, ...change };
}

function state(tenant: string, policy: string | null, change: Partial<Lock> = {}): ScopeState {
  const own = lock(change);
  const mode = own.isOpen ? 'enforce' : 'shadow';
  return { tenant, policy, mode, asked: 'enforce', sinceUs: START_US, why: '', lock: own };
}

/** Modes that hold something, at a time that can be moved. */
function held(
  rollouts: readonly Rollout[],
  states: readonly ScopeState[],
): { modes: HeldModes; pass: (us: number) => void } {
  let passedUs = 0;
  const modes = createModes({
    trustUs: 10 * MINUTE_US,
    freshMs: 10_000,
    clockUs: () => START_US + passedUs,
    clockMs: () => passedUs / 1_000,
  });
  modes.hold(askedOf(rollouts), states);
  return { modes, pass: (us) => (passedUs += us) };
}

describe('the rollout that covers a scope', () => {
  const all = [
    rollout(ANY, ANY, 'off'),
    rollout(ANY, 'pro', 'shadow'),
    rollout('acme', ANY, 'enforce'),
    rollout('acme', 'pro', 'off'),
  ];
  const coveredBy = (left: readonly Rollout[], tenant: string | null, policy: string | null): string => {
    const found = askedOf(left).covering(tenant, policy);
    return found === null ? 'none' : `${found.tenant} ${found.policy}`;
  };

  it('is that of tenant and policy, else of the tenant, else of the policy, else of everything', () => {
    expect(coveredBy(all, 'acme', 'pro')).toBe('acme pro');
    expect(coveredBy(all.slice(0, 3), 'acme', 'pro')).toBe('acme *');
    expect(coveredBy(all.slice(0, 2), 'acme', 'pro')).toBe('* pro');
    expect(coveredBy(all.slice(0, 1), 'acme', 'pro')).toBe('* *');
    expect(coveredBy([], 'acme', 'pro')).toBe('none');
  });

  it('is only what is asked for all, where tenant or policy is not known', () => {
    expect(coveredBy(all, 'acme', null)).toBe('acme *');
    expect(coveredBy(all, null, 'pro')).toBe('* pro');
    expect(coveredBy(all, null, null)).toBe('* *');
  });

  it('is the same in whatever order they were asked for: there are no ties', () => {
    const name = fc.constantFrom('acme', 'globex', 'a', 'ab', 'b');
    const scope = fc.tuple(fc.oneof(fc.constant(ANY), name), fc.oneof(fc.constant(ANY), name));
    fc.assert(
      fc.property(fc.uniqueArray(scope, { selector: String }), name, name, (scopes, tenant, policy) => {
        const rollouts = scopes.map(([ofTenant, ofPolicy]) => rollout(ofTenant, ofPolicy, 'shadow'));
        expect(coveredBy(rollouts.toReversed(), tenant, policy)).toBe(coveredBy(rollouts, tenant, policy));
      }),
    );
  });
});

describe('the effective mode', () => {
  it('is off where nobody asked, whatever the gate says', () => {
    const { modes } = held([], [state('acme', 'pro')]);
    expect(modes.modeOf({ tenant: 'acme', policy: 'pro' })).toMatchObject({ mode: 'off', asked: 'off', rollout: null });
  });

  it('is enforce for the scope whose lock is open, and shadow for every other', () => {
    const { modes } = held(
      [rollout(ANY, ANY, 'enforce')],
      [state('acme', 'pro'), state('globex', 'pro', { isOpen: false })],
    );
    expect(modes.modeOf({ tenant: 'acme', policy: 'pro' })).toMatchObject({
      mode: 'enforce',
      gate: 'ready',
      stale: false,
    });
    for (const [tenant, policy] of [
      ['globex', 'pro'],
      ['acme', 'free'],
      ['acme', null],
      ['nobody', 'pro'],
      [null, 'pro'],
      [null, null],
    ] as const) {
      expect(modes.modeOf({ tenant, policy })).toMatchObject({ mode: 'shadow', asked: 'enforce' });
    }
  });

  it('says why, since when, and what stands in the way', () => {
    const blocker = '0 % of spend is enforceable.';
    const { modes } = held(
      [rollout(ANY, ANY, 'enforce')],
      [state('acme', 'pro', { isOpen: false, gate: 'not_ready', blocker })],
    );
    expect(modes.modeOf({ tenant: 'acme', policy: 'pro' })).toMatchObject({
      gate: 'not_ready',
      blocker,
      reason: blocker,
      since: isoMicros(START_US),
    });
    expect(modes.modeOf({ tenant: 'globex', policy: 'pro' }).reason).toContain('gate has not answered');
    expect(held([rollout('acme', ANY, 'off')], []).modes.modeOf({ tenant: 'acme', policy: null }).reason).toBe(
      "'off' was asked for by ops: a test",
    );
  });

  it('stays what was known last while ClickHouse is away, and is marked stale', () => {
    const { modes, pass } = held([rollout('acme', 'pro', 'enforce')], [state('acme', 'pro')]);
    const mode = () => modes.modeOf({ tenant: 'acme', policy: 'pro' });
    pass(10_000_000);
    expect(mode()).toMatchObject({ mode: 'enforce', stale: false });
    pass(1_000);
    expect(mode()).toMatchObject({ mode: 'enforce', stale: true });
    expect(modes.modeOf({ tenant: 'nobody', policy: null })).toMatchObject({ mode: 'off', stale: true });
  });

  it('is marked stale where ClickHouse answers but the gate has not for too long', () => {
    const { modes, pass } = held([rollout('acme', 'pro', 'enforce')], []);
    pass(11 * MINUTE_US);
    modes.hold(modes.asked(), [state('acme', 'pro')]);
    expect(modes.modeOf({ tenant: 'acme', policy: 'pro' })).toMatchObject({ mode: 'enforce', stale: true });
  });

  it('is not enforce after a restart on the word of a gate that was asked long ago', () => {
    const { modes } = held(
      [rollout('acme', 'pro', 'enforce')],
      [state('acme', 'pro', { answeredUs: START_US - 11 * MINUTE_US })],
    );
    expect(modes.modeOf({ tenant: 'acme', policy: 'pro' })).toMatchObject({ mode: 'shadow', gate: 'unknown' });
  });

  it('is never above what was asked, and enforce only where a lock is open', () => {
    const name = fc.constantFrom('acme', 'globex');
    const part = fc.oneof(fc.constant(ANY), name);
    const wanted = fc.uniqueArray(fc.tuple(part, part, fc.constantFrom(...rolloutModes)), {
      selector: ([tenant, policy]) => `${tenant} ${policy}`,
    });
    const known = fc.uniqueArray(fc.tuple(name, fc.option(name), fc.boolean()), {
      selector: ([tenant, policy]) => `${tenant} ${policy}`,
    });
    fc.assert(
      fc.property(wanted, known, fc.option(name), fc.option(name), (asks, locks, tenant, policy) => {
        const { modes } = held(
          asks.map((one) => rollout(...one)),
          locks.map(([of, under, isOpen]) => state(of, under, { isOpen })),
        );
        const { mode, asked } = modes.modeOf({ tenant, policy });
        expect(rolloutModes.indexOf(mode)).toBeLessThanOrEqual(rolloutModes.indexOf(asked));
        const isOpen = locks.some((one) => one[0] === tenant && one[1] === policy && one[2]);
        if (!isOpen) expect(mode).not.toBe('enforce');
        else expect(mode).toBe(asked);
      }),
    );
  });
});
