import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { AuditLoop } from '../../../collector/audit/loop.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { contract } from '../../support/contract.js';
import { startTestStore } from '../../support/engine.js';
import { startTestWriter } from '../../support/span-rows.js';
import { clean, trace } from '../../support/trace.js';

const QUIET_MS = 5_000;
const HOUR_US = 3_600_000_000;
const JUMPS_US = [0, -HOUR_US, 24 * HOUR_US, -24 * HOUR_US, 0];

it('when the clock jumps, back or ahead, also over a restart, traces are audited at once and none twice', async () => {
  await using test = await startTestStore();
  let nowUs = Date.now() * 1_000;
  const clockUs = (): number => nowUs;
  await using writer = startTestWriter({ store: test.store, clockUs, minGapMs: 0 });
  const newLoop = (): AuditLoop =>
    startAuditLoop({
      store: test.store,
      contract: contract(),
      clockUs,
      log: pino({ level: 'silent' }),
      quietMs: QUIET_MS,
      intervalMs: 0,
    });
  let loop = newLoop();
  for (const [i, jumpUs] of JUMPS_US.entries()) {
    nowUs += jumpUs;
    if (i === 3) {
      await loop.stop();
      loop = newLoop();
    }
    await writer.write(
      trace(i + 1)
        .station('web', clean)
        .call('gpt-4o').spans,
    );
    nowUs += QUIET_MS * 1_000 + 1_000_000;
    await loop.sweep();
    expect(await test.store.rows('SELECT toUInt32(count()) AS calls FROM calls FINAL')).toEqual([{ calls: i + 1 }]);
  }
  expect(await test.store.rows('SELECT toUInt32(count()) AS audits FROM audits')).toEqual([
    { audits: JUMPS_US.length },
  ]);
  await loop.stop();
});
