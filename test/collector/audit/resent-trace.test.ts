import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { startTestWriter } from '../../support/span-rows.js';
import { contract } from '../../support/contract.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

const SECOND_US = 1_000_000;

it.each([
  ['half an hour', 1_800],
  ['two days', 2 * 86_400],
])('a request counts once where its whole trace is sent again %s later, with a call below', async (_, seconds) => {
  await using test = await startTestStore();
  let nowUs = Date.now() * 1_000;
  const clockUs = (): number => nowUs;
  await using writer = startTestWriter({ store: test.store, clockUs, minGapMs: 5 });
  await using loop = startAuditLoop({
    store: test.store,
    contract: contract(),
    clockUs,
    log: pino({ level: 'silent' }),
    intervalMs: 0,
  });
  const settledCalls = async (): Promise<unknown[]> => {
    nowUs += 6 * SECOND_US;
    await loop.sweep();
    return test.store.rows('SELECT span_id, toString(cost_usd) AS cost FROM calls FINAL');
  };

  const at = { startUs: nowUs };
  const agent = trace(1).station('web', clean, at).call('gpt-4o', undefined, { span: at });
  await writer.write([...agent.spans]);
  expect(await settledCalls()).toEqual([{ span_id: agent.spanId, cost: '0.0035' }]);

  // The cut moves on, and so do the sweeps that look back over the last day.
  nowUs += seconds * SECOND_US;
  await loop.sweep();
  const gateway = agent.station('litellm', clean, at).call('gpt-4o', undefined, { span: at });
  await writer.write([...gateway.spans]);
  expect(await settledCalls()).toEqual([{ span_id: gateway.spanId, cost: '0.0035' }]);
});
