import type { Figure } from './figure.js';
import { figure } from './figure.js';
import type { MeasuredWaybill } from './measured-waybill.js';
import { startMeasuredWaybill } from './measured-waybill.js';
import { cpuSecondsOf, memoryOf } from './processes.js';
import type { Load, Outcome, Sending } from './start-load.js';
import { quantile, startLoad } from './start-load.js';

const RUN_MS = 2_000;
/** A run is over before the audit of what it brought begins: what both take together is measured end to end. */
const BURST_QUIET_SECONDS = 3;

const CASES: readonly (Pick<Sending, 'format' | 'isGzip'> & { readonly senders: number })[] = [
  { format: 'protobuf', isGzip: false, senders: 1 },
  { format: 'protobuf', isGzip: false, senders: 4 },
  { format: 'protobuf', isGzip: false, senders: 16 },
  { format: 'protobuf', isGzip: true, senders: 16 },
  { format: 'json', isGzip: false, senders: 16 },
  { format: 'json', isGzip: true, senders: 16 },
];

/** CPU seconds a million spans. */
interface Cpu {
  readonly node: number;
  readonly clickHouse: number;
}

interface Run extends Outcome {
  readonly receiving: Cpu;
  readonly withAudits: Cpu;
}

/**
 * How many spans a second a whole Waybill, with its ClickHouse, acknowledges as durable, what it takes to do so, and
 * how long a request waits. Sender, Waybill and ClickHouse are processes of their own. Before the next run begins,
 * everything is audited.
 */
export async function benchReceive(runs = 5): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill(BURST_QUIET_SECONDS);
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
    await waybill.caughtUp();
    const cpuSince = cpuClock(waybill);
    const outcome = await load.send(sending);
    const receiving = cpuSince(outcome.spans);
    await waybill.caughtUp();
    all.push({ ...outcome, receiving, withAudits: cpuSince(outcome.spans) });
  }
  return all;
}

function cpuClock({ nodePid, clickHousePid }: MeasuredWaybill): (spans: number) => Cpu {
  const before = { node: cpuSecondsOf(nodePid), clickHouse: cpuSecondsOf(clickHousePid) };
  return (spans) => ({
    node: ((cpuSecondsOf(nodePid) - before.node) * 1_000_000) / spans,
    clickHouse: ((cpuSecondsOf(clickHousePid) - before.clickHouse) * 1_000_000) / spans,
  });
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
  return (['receiving', 'withAudits'] as const).flatMap((what) => {
    const words = what === 'receiving' ? 'receiving' : 'receiving and auditing';
    return [
      figure(
        `CPU of Node, ${words}: ${name}`,
        's/million spans',
        runs.map((run) => run[what].node),
      ),
      figure(
        `CPU of ClickHouse, ${words}: ${name}`,
        's/million spans',
        runs.map((run) => run[what].clickHouse),
      ),
    ];
  });
}
