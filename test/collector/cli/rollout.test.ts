import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { rolloutCommand } from '../../../collector/cli/rollout.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

const NOW_US = 1_793_620_800_000_000;

let test: TestStore;
let api: TestApi;
beforeAll(async () => {
  test = await startTestStore();
  api = await startTestApi(test.store, contract(), () => NOW_US);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});
afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

/** Runs `waybill rollout`, and says what it printed and with which code it would exit. */
async function command(...args: string[]): Promise<{ text: string; code: typeof process.exitCode }> {
  process.exitCode = undefined;
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  await rolloutCommand().parseAsync([...args, '--url', api.url], { from: 'user' });
  const code = process.exitCode;
  process.exitCode = undefined;
  return { text: print.mock.calls.splice(0).flat().join('\n'), code };
}

describe('waybill rollout', () => {
  it('says so where nobody asked for anything', async () => {
    expect((await command('list')).text).toContain('everything is off');
    expect(await command('status')).toMatchObject({ code: 3, text: expect.stringContaining('Nothing is rolled out') });
    expect((await command('history')).text).toBe('Nothing has happened here.');
  });

  it('asks for a mode, and tells what was asked for, what holds, and how it came to be so', async () => {
    const asked = await command('set', 'enforce', '--tenant', 'acme', '--why', 'the pilot went well');
    expect(asked.text).toContain('Asked for enforce for tenant acme, all policies.');
    await command('set', 'shadow', '--policy', 'pro', '--why', 'to see\u001B[31m');
    expect((await command('list')).text.split('\n')).toEqual([
      'tenant  policy  asked    at (UTC)          who    why',
      'acme    *       enforce  2026-11-02 12:00  local  the pilot went well',
      '*       pro     shadow   2026-11-02 12:00  local  to see\\x1b[31m',
    ]);
    await api.rollouts.judge();
    const status = await command('status');
    expect(status.code).toBe(1);
    expect(status.text).toMatch(
      /acme +\(any\) +shadow +enforce +insufficient data +2026-11-02 12:00 +No call in this scope/,
    );
    const history = await command('history', '--tenant', 'acme');
    expect(history.text).toMatch(/acme +\* +asked for enforce +local +the pilot went well/);
    expect(history.text).toMatch(/acme +\(any\) +turned shadow +waybill +No call in this scope/);
    expect(history.text).not.toContain('to see');
  });

  it('exits with 0 where what was asked for holds', async () => {
    await command('set', 'shadow', '--tenant', 'acme', '--why', 'not yet');
    expect(await command('status', '--format', 'json')).toMatchObject({
      code: 0,
      text: expect.stringContaining('"asked": "shadow"'),
    });
  });

  it('withdraws what was asked for in a scope, and says that it did', async () => {
    const withdrawn = await command('unset', '--policy', 'pro', '--why', 'seen enough');
    expect(withdrawn.text).toContain('Withdrew shadow for all tenants, policy pro.');
    expect((await command('list')).text).not.toContain('pro');
    expect((await command('history', '--policy', 'pro')).text).toMatch(/\* +pro +withdrew it +local +seen enough/);
    await expect(command('unset', '--policy', 'pro', '--why', 'again')).rejects.toThrow(
      'answered 404: Nothing is asked for any tenant, policy pro by itself',
    );
  });

  it('is told why something cannot be asked for', async () => {
    await expect(command('set', 'enforce', '--tenant', 'ac*', '--why', 'x')).rejects.toThrow(
      'must be a name, or * alone for all',
    );
  });
});
