import { expect, it } from 'vitest';
import * as z from 'zod';
import { startLoad } from '../bench/start-load.js';
import { startMeasuredWaybill } from '../bench/measured-waybill.js';
import { memoryOf } from '../bench/processes.js';

const TRACES = 1_000_000;
/** So long that every trace is still open when the last one has begun. */
const QUIET_SECONDS = 180;
const SPANS_PER_SECOND = 10_000;
const MOST_MIB = 500;

const countsSchema = z.tuple([
  z.object({ traces: z.coerce.number(), calls: z.coerce.number(), stored: z.coerce.number() }),
]);

it('a million traces that are open at once are audited each, and the memory of Node stays under 500 MB', async () => {
  await using waybill = await startMeasuredWaybill(QUIET_SECONDS);
  await using load = startLoad();
  const ms = (TRACES / SPANS_PER_SECOND) * 1_000;
  const pace = { spansPerSecond: SPANS_PER_SECOND };
  const sending = { url: waybill.tracesUrl, format: 'protobuf', isGzip: false, isAlone: true, ms, pace } as const;
  const { spans } = await load.send(sending);
  await waybill.caughtUp();
  const [counts] = countsSchema.parse(
    await waybill.store.rows(`
      SELECT count() AS traces, sum(calls) AS calls, (SELECT count() FROM waybill.calls FINAL) AS stored
      FROM audits FINAL`),
  );
  expect(spans).toBeGreaterThan(0.99 * TRACES);
  expect(counts.traces).toBe(spans);
  expect(counts.calls).toBeGreaterThan(0.3 * spans);
  expect(counts.stored).toBe(counts.calls);
  expect(memoryOf(waybill.nodePid, 'peak')).toBeLessThan(MOST_MIB);
});
