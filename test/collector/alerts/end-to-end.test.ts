import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clean } from '../../support/trace.js';
import { startWaybill, waybill } from '../../support/waybill.js';
import type { WebhookReceiver } from '../../support/webhook.js';
import { startWebhook } from '../../support/webhook.js';

const SECRET = 'a secret of sixteen';

let directory: string;
let receiver: WebhookReceiver;
let contract: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-alerts-'));
  receiver = await startWebhook();
  contract = join(directory, 'waybill.yaml');
  await writeFile(
    contract,
    `policies: [{ id: pro-monthly, limit: { usd: 0.004, per: month }, alerts: [0.5, 1] }]
alerts:
  channels:
    - { id: ops, type: webhook, url: '${receiver.url}', secretEnv: OPS_SECRET, allowPrivate: true }
`,
  );
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** One call of 0.0035 dollars, as an exporter sends it. */
function request(): string {
  const nanos = String(BigInt(Date.now()) * 1_000_000n);
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const count = (key: string, value: number) => ({ key, value: { intValue: value } });
  const attributes = [
    text('gen_ai.operation.name', 'chat'),
    text('gen_ai.provider.name', 'openai'),
    text('gen_ai.response.model', 'gpt-4o'),
    count('gen_ai.usage.input_tokens', 1000),
    count('gen_ai.usage.output_tokens', 100),
    text('tenant.id', clean.tenant),
    text('feature.id', clean.feature),
    text('budget.policy.id', clean.policy),
  ];
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const span = { ...ids, name: 'chat', kind: 3, startTimeUnixNano: nanos, endTimeUnixNano: nanos, attributes };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
}

describe('waybill serve', () => {
  it('tells a webhook of a threshold when the call that crosses it is audited', async () => {
    await using running = await startWaybill(['--contract', contract], undefined, { OPS_SECRET: SECRET });
    await fetch(`${running.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: request(),
    });
    await expect.poll(() => receiver.taken.length, { timeout: 20_000 }).toBe(1);
    const [taken] = receiver.taken;
    expect(JSON.parse(taken?.body ?? '')).toMatchObject({
      alert: { kind: 'budget-threshold', observed: '$0.0035, 87.5 %' },
    });
    const [, seconds, signature] = /^t=(\d+),v1=(\w+)$/.exec(String(taken?.headers['waybill-signature'])) ?? [];
    expect(signature).toBe(createHmac('sha256', SECRET).update(`${seconds}.${taken?.body}`).digest('hex'));
    await expect
      .poll(() => running.ask('/v1/alerts'))
      .toMatchObject({
        alerts: [{ scope: { policy: 'pro-monthly' }, deliveries: [{ channel: 'ops', state: 'delivered' }] }],
      });
  });

  it('does not start without a secret that the contract names', async () => {
    await expect(startWaybill(['--contract', contract])).rejects.toThrow(/OPS_SECRET, which is not set/);
  });
});

describe('waybill alerts test', () => {
  const run = (...flags: string[]) =>
    waybill(['alerts', 'test', '--contract', contract, ...flags], { env: { OPS_SECRET: SECRET } });

  it('sends one along every channel, and says what came of it', async () => {
    receiver.taken.length = 0;
    expect(await run()).toMatchObject({ code: 0, stdout: '✓ ops took it\n' });
    expect(JSON.parse(receiver.taken[0]?.body ?? '')).toMatchObject({ alert: { kind: 'test' } });
    receiver.answer = { status: 403 };
    const { code, stdout } = await run('--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ channels: [{ channel: 'ops', error: expect.stringContaining('403') }] });
    expect(code).toBe(1);
  });

  it('names a channel that is not there, and a secret that is missing', async () => {
    expect(await run('--channel', 'pager')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no channel 'pager'"),
    });
    const bare = await waybill(['alerts', 'test', '--contract', contract]);
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining('OPS_SECRET, which is not set') });
  });
});
