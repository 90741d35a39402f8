import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { contract } from '../../support/contract.js';
import { startTestStore } from '../../support/engine.js';
import { startTestWriter } from '../../support/span-rows.js';
import { clean, trace } from '../../support/trace.js';

it('a trace that never ends is audited once a minute, and once more when it has ended after all', async () => {
  await using test = await startTestStore();
  let nowUs = Date.now() * 1_000;
  const clockUs = (): number => nowUs;
  await using writer = startTestWriter({ store: test.store, clockUs, minGapMs: 0 });
  const log = pino({ level: 'silent' });
  await using loop = startAuditLoop({ store: test.store, contract: contract(), clockUs, log, intervalMs: 0 });
  const counted = async () =>
    test.store.rows('SELECT count() AS calls, toString(sum(cost_usd)) AS cost FROM calls FINAL');
  const web = trace().station('web', clean);
  await writer.write(web.spans);
  let written = web.spans.length;
  const seen: unknown[] = [];
  // Never quiet for the five seconds by which it would settle.
  for (let second = 4; second <= 128; second += 4) {
    nowUs += 4_000_000;
    web.call('gpt-4o');
    await writer.write(web.spans.slice(written));
    written = web.spans.length;
    await loop.sweep();
    if (second === 64 || second === 128) seen.push(...(await counted()));
  }
  expect(seen).toEqual([
    { calls: expect.stringMatching(/^1[456]$/), cost: expect.stringMatching(/^0\.05/) },
    { calls: expect.stringMatching(/^(29|3[012])$/), cost: expect.stringMatching(/^0\.1/) },
  ]);
  expect(loop.stats()).toMatchObject({ overdueTraces: 2 });
  nowUs += 6_000_000;
  await loop.sweep();
  expect(await counted()).toEqual([{ calls: '32', cost: '0.112' }]);
});
