import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';

/** What became of one attempt to pass a request on. */
const outcomes = ['forwarded', 'later', 'refused'] as const;
/** Why a request that was acknowledged when stored was never passed on. */
const losses = ['full', 'refused', 'late', 'stopped'] as const;
export type Loss = (typeof losses)[number];

/** What is counted of passing requests on. */
export interface ForwardMetrics {
  readonly attempted: (outcome: (typeof outcomes)[number], seconds: number) => void;
  readonly lost: (why: Loss) => void;
  /** Finds out, whenever it is asked for metrics, how many bytes wait. */
  readonly watchQueue: (read: () => number) => void;
}

/** Creates the counters, each at zero. */
export function createForwardMetrics(registry: Registry): ForwardMetrics {
  const registers = [registry];
  const attempts = new Counter({
    name: 'waybill_forward_attempts_total',
    help: 'Attempts to pass a request on: forwarded, to be made again later, or refused for good.',
    labelNames: ['outcome'],
    registers,
  });
  const lost = new Counter({
    name: 'waybill_forward_lost_total',
    help: 'Requests that were acknowledged when stored, and never passed on.',
    labelNames: ['reason'],
    registers,
  });
  const duration = new Histogram({
    name: 'waybill_forward_duration_seconds',
    help: 'How long downstream takes to answer, or to be given up.',
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  for (const outcome of outcomes) attempts.inc({ outcome }, 0);
  for (const reason of losses) lost.inc({ reason }, 0);
  return {
    attempted: (outcome, seconds) => {
      attempts.inc({ outcome });
      duration.observe(seconds);
    },
    lost: (reason) => lost.inc({ reason }),
    watchQueue: (read) => {
      const waiting: Gauge = new Gauge({
        name: 'waybill_forward_queued_bytes',
        help: 'Bytes of requests that were acknowledged when stored, and wait to be passed on.',
        registers,
        collect: () => waiting.set(read()),
      });
    },
  };
}
