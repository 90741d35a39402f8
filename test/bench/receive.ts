import type { Figure } from './figure.js';
import { figure } from './figure.js';
import type { MeasuredWaybill } from './measured-waybill.js';
import { startMeasuredWaybill } from './measured-waybill.js';
import { cpuSecondsOf, memoryOf } from './processes.js';
import type { Load, Outcome, Sending } from './start-load.js';
import { quantile, startLoad } from './start-load.js';

const RUN_MS = 2_000;

const CASES: readonly (Pick<Sending, 'format' | 'isGzip'> & { readonly senders: number })[] = [
  { format: 'protobuf', isGzip: false, senders: 1 },
  { format: 'protobuf', isGzip: false, senders: 4 },
  { format: 'protobuf', isGzip: false, senders: 16 },
  { format: 'protobuf', isGzip: true, senders: 16 },
  { format: 'json', isGzip: false, senders: 16 },
  { format: 'json', isGzip: true, senders: 16 },
];

interface Run extends Outcome {
  readonly nodeCpuPerMillion: number;
  readonly clickHouseCpuPerMillion: number;
}

/**
 * How many spans a second a whole Waybill, with its ClickHouse and its audit loop, acknowledges as durable, what it
 * takes to do so, and how long a request waits. Sender, Waybill and ClickHouse are processes of their own.
 */
export async function benchReceive(runs = 5): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill();
  await using load = startLoad();
  const plain = { url: waybill.tracesUrl, format: 'protobuf', isGzip: false, ms: RUN_MS } as const;
  await load.send({ ...plain, pace: { senders: 4 } });
  const figures: Figure[] = [];
  let saturated = 0;
  for (const { senders, ...how } of CASES) {
    const all = await repeat(runs, waybill, load, { ...plain, ...how, pace: { senders } });
    const name = `${how.format}${how.isGzip ? ', gzip' : ''}, ${senders} ${senders === 1 ? 'sender' : 'senders'}`;
    const rate = figure(
      `acknowledged: ${name}`,
      'spans/s',
      all.map(({ spansPerSecond }) => spansPerSecond),
    );
    figures.push(rate, ...waits(name, all), ...costs(name, all));
    if (how.format === 'protobuf' && !how.isGzip) saturated = Math.max(saturated, rate.median);
  }
  const halves = await repeat(runs, waybill, load, { ...plain, pace: { spansPerSecond: saturated / 2 } });
  return [
    ...figures,
    ...waits('protobuf, half the highest rate', halves),
    figure('peak memory of Node while receiving', 'MiB', [memoryOf(waybill.nodePid, 'peak')]),
    figure('peak memory of ClickHouse while receiving', 'MiB', [memoryOf(waybill.clickHousePid, 'peak')]),
  ];
}

async function repeat(runs: number, waybill: MeasuredWaybill, load: Load, sending: Sending): Promise<Run[]> {
  const all: Run[] = [];
  for (let run = 0; run < runs; run += 1) {
    const before = [cpuSecondsOf(waybill.nodePid), cpuSecondsOf(waybill.clickHousePid)] as const;
    const outcome = await load.send(sending);
    const perMillion = 1_000_000 / outcome.spans;
    all.push({
      ...outcome,
      nodeCpuPerMillion: (cpuSecondsOf(waybill.nodePid) - before[0]) * perMillion,
      clickHouseCpuPerMillion: (cpuSecondsOf(waybill.clickHousePid) - before[1]) * perMillion,
    });
  }
  return all;
}

function waits(name: string, runs: readonly Outcome[]): Figure[] {
  return [0.5, 0.99].map((share) =>
    figure(
      `wait, ${share * 100} % of requests: ${name}`,
      'ms',
      runs.map(({ latenciesMs }) => quantile(latenciesMs, share)),
    ),
  );
}

function costs(name: string, runs: readonly Run[]): Figure[] {
  return [
    figure(
      `CPU of Node, audits included: ${name}`,
      's/million spans',
      runs.map(({ nodeCpuPerMillion }) => nodeCpuPerMillion),
    ),
    figure(
      `CPU of ClickHouse, audits included: ${name}`,
      's/million spans',
      runs.map(({ clickHouseCpuPerMillion }) => clickHouseCpuPerMillion),
    ),
  ];
}
