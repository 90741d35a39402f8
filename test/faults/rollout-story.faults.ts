import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startServices } from '../demo/services.js';
import type { Errand } from '../demo/traffic.js';
import { send } from '../demo/traffic.js';
import { openFlags } from '../support/flags.js';
import { startWaybillAt, waybill, waybillPlace } from '../support/waybill.js';
import { kill } from './kill.js';

/** A gate that some dozen calls of one day can close and open, and a lock that follows it within seconds. */
const CONTRACT = `
services:
  web: { role: entry }
  agent: {}
  gateway: { role: gateway, enforces: true }
policies:
  - { id: pro-monthly, match: { tenant: [acme, globex] } }
gate: { window: 1d, days: 1, calls: 15, enforceableSpend: 0.6, enforceableCalls: 0.6, misattributedCalls: 0.5 }
rollout: { every: 1s, closeAfter: 3s, reopenAfter: 3s }
`;

function errands(tenant: string, count: number): Errand[] {
  const errand = { tenant, feature: 'chat', kind: 'chat', model: 'gpt-4o-mini', status: 200 } as const;
  return Array.from({ length: count }, (_, i) => ({ ...errand, prompt: `${tenant} ${i}: where is the parcel?` }));
}

function isReady(apiUrl: string, tenant: string): Promise<void> {
  const asked = async (): Promise<void> => {
    const answer: unknown = await (await fetch(`${apiUrl}/v1/gate?tenant=${tenant}&policy=pro-monthly`)).json();
    expect(answer).toMatchObject({ answer: 'ready' });
  };
  return vi.waitFor(asked, { timeout: 60_000, interval: 200 });
}

it('shows an OpenFeature client shadow for the scope whose hop broke, and enforce again after the fix', async () => {
  const place = await waybillPlace();
  const contract = join(place.dataDir, 'waybill.yaml');
  await writeFile(contract, CONTRACT);
  const start = () => startWaybillAt(place, ['--contract', contract]);
  let running = await start();
  try {
    await using services = await startServices(running.otlpUrl);
    await using flags = await openFlags(running.apiUrl);
    const told = async (tenant: string): Promise<string> =>
      (await flags.enforcement({ targetingKey: 'request-1', tenant, feature: 'chat' })).value;
    const becomes = (tenant: string, mode: string) =>
      vi.waitFor(async () => expect(await told(tenant)).toBe(mode), { timeout: 60_000, interval: 200 });
    const rollout = async (...args: string[]) => {
      const { code, stdout, stderr } = await waybill(['rollout', ...args, '--url', running.apiUrl]);
      expect(stderr).toBe('');
      return { code, stdout };
    };

    await send(services.webUrl, [...errands('acme', 20), ...errands('globex', 20)], 4);
    expect(await told('acme')).toBe('off');
    // Who asks before the calls are audited gets shadow first.
    for (const tenant of ['acme', 'globex']) await isReady(running.apiUrl, tenant);
    expect((await rollout('set', 'enforce', '--policy', 'pro-monthly', '--why', 'the pilot went well')).code).toBe(0);
    await becomes('acme', 'enforce');
    await becomes('globex', 'enforce');

    await fetch(`${services.agentUrl}/broken/acme`, { method: 'PUT' });
    await send(services.webUrl, [...errands('acme', 40), ...errands('globex', 20)], 4);
    await becomes('acme', 'shadow');
    expect(await told('globex')).toBe('enforce');
    const status = await rollout('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/acme +pro-monthly +shadow +enforce +not ready .* of spend is enforceable/);

    await kill(running.child);
    running = await start();
    await becomes('globex', 'enforce');
    expect(await told('acme')).toBe('shadow');

    await fetch(`${services.agentUrl}/broken/acme`, { method: 'DELETE' });
    await send(services.webUrl, errands('acme', 140), 4);
    await becomes('acme', 'enforce');
    expect(await told('globex')).toBe('enforce');
    const turns = (await rollout('history', '--tenant', 'acme', '--policy', 'pro-monthly')).stdout.trim().split('\n');
    const modes = turns.slice(1).map((line) => /turned (\w+)/.exec(line)?.[1]);
    expect(modes.toReversed()).toEqual(['enforce', 'shadow', 'enforce']);
    const ofGlobex = (await rollout('history', '--tenant', 'globex', '--policy', 'pro-monthly')).stdout;
    expect(ofGlobex).not.toContain('turned shadow');
  } finally {
    await running[Symbol.asyncDispose]();
    await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});
