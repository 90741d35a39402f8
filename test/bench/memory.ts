import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { startMeasuredWaybill } from './measured-waybill.js';
import { memoryOf } from './processes.js';
import { startLoad } from './start-load.js';

const SPANS_PER_SECOND = 10_000;

/** Whether the memory of the Node process stays flat under a steady load. @param minutes of load */
export async function benchMemory(minutes: number): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill();
  await using load = startLoad();
  const samples: number[] = [];
  const sampling = setInterval(() => samples.push(memoryOf(waybill.nodePid, 'now')), 250);
  try {
    const ms = minutes * 60_000;
    const pace = { spansPerSecond: SPANS_PER_SECOND };
    await load.send({ url: waybill.tracesUrl, format: 'protobuf', isGzip: false, ms, pace });
  } finally {
    clearInterval(sampling);
  }
  // The first third is for buffers and the compiler to reach their size.
  const third = Math.floor(samples.length / 3);
  const middle = figure('memory of Node under steady load, second third', 'MiB', samples.slice(third, 2 * third));
  const last = figure('memory of Node under steady load, last third', 'MiB', samples.slice(2 * third));
  return [middle, last, figure('memory of Node, last third against second', 'times', [last.median / middle.median])];
}
