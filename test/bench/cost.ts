import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { startMeasuredWaybill } from './measured-waybill.js';
import { cpuSecondsOf } from './processes.js';
import { startLoad } from './start-load.js';

/** The same number of spans in each run, however slow the machine: what is paid each second weighs the same then. */
const RUN_MS = 3_000;
const SPANS_PER_SECOND = 10_000;

/**
 * What a span costs from its arrival to its verdict: CPU of Node and of ClickHouse together. It is time of the CPU and
 * not of the clock, so that a busy machine shows nearly the same.
 */
export async function benchCost(runs = 2): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill();
  await using load = startLoad();
  const sending = { url: waybill.tracesUrl, format: 'protobuf', isGzip: false, ms: RUN_MS } as const;
  const cpuSeconds = (): number => cpuSecondsOf(waybill.nodePid) + cpuSecondsOf(waybill.clickHousePid);
  const rates: number[] = [];
  // The first run is the compiler's.
  for (let run = 0; run <= runs; run += 1) {
    const before = cpuSeconds();
    const { spans } = await load.send({ ...sending, pace: { spansPerSecond: SPANS_PER_SECOND } });
    await waybill.caughtUp();
    rates.push(spans / (cpuSeconds() - before));
  }
  return [figure('received, stored and audited', 'spans/CPU s', rates.slice(1))];
}
