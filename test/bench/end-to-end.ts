import * as z from 'zod';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { QUIET_SECONDS, startMeasuredWaybill } from './measured-waybill.js';
import { memoryOf } from './processes.js';
import { startLoad } from './start-load.js';

/** Of the saturated rate: what the audit has to keep up with. */
const SHARE = 0.6;
const RUN_MS = 60_000;
/** A verdict is to be there so long after the quiet period. */
const PATIENCE_SECONDS = 3;

const rowsSchema = z.tuple([
  z.object({ spans: z.coerce.number(), delays: z.tuple([z.coerce.number(), z.coerce.number(), z.coerce.number()]) }),
]);

/**
 * Whether audits keep up with a minute of load at 60 % of what can be received, and how long after the last span of a
 * trace its verdict is written. A single run, since it is a long one.
 */
export async function benchEndToEnd(): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill();
  await using load = startLoad();
  const plain = { url: waybill.tracesUrl, format: 'protobuf', isGzip: false } as const;
  await load.send({ ...plain, ms: 1_000, pace: { senders: 4 } });
  const { spansPerSecond: saturated } = await load.send({ ...plain, ms: 4_000, pace: { senders: 16 } });
  await new Promise((done) => setTimeout(done, 20_000));
  for (const table of ['spans', 'arrivals', 'audits', 'calls']) await waybill.store.command(`TRUNCATE TABLE ${table}`);

  const sent = await load.send({ ...plain, ms: RUN_MS, pace: { spansPerSecond: saturated * SHARE } });
  await new Promise((done) => setTimeout(done, (QUIET_SECONDS + PATIENCE_SECONDS) * 1_000));
  const [{ spans, delays }] = rowsSchema.parse(
    await waybill.store.rows(`
    SELECT sum(spans) AS spans, quantiles(0.5, 0.99, 1)((toUnixTimestamp64Micro(audited_at) - toUnixTimestamp64Micro(arrayMax(seen))) / 1e6) AS delays
    FROM audits FINAL`),
  );
  const audited = spans / sent.spans;
  return [
    figure('sent for a minute, 60 % of the saturated rate', 'spans/s', [sent.spansPerSecond]),
    figure('audited in time, of what was sent', 'of 1', [audited]),
    figure('audited end to end, against the saturated rate', 'of 1', [(sent.spansPerSecond * audited) / saturated]),
    ...[50, 99, 100].map((share, i) =>
      figure(`from last span to verdict, past the quiet period, ${share} % of traces`, 's', [
        (delays[i] ?? Number.NaN) - QUIET_SECONDS,
      ]),
    ),
    figure('peak memory of Node, receiving and auditing', 'MiB', [memoryOf(waybill.nodePid, 'peak')]),
  ];
}
