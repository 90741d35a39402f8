import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AuditStats } from '../audit/loop.js';

/** Why a request was refused. */
export const refusals = [
  'malformed',
  'not-offered',
  'too-large',
  'over-budget',
  'store-away',
  'not-forwarded',
  'no-key',
  'not-allowed',
  'internal',
] as const;
export type Refusal = (typeof refusals)[number];

/** How spans come in. */
export type Transport = 'http' | 'grpc';

/** What was left out of what came, since it was too much. */
export interface LeftOut {
  /** Attributes that would have been kept of a span with fewer. */
  readonly attributes: number;
  /** Times that everything known of attribute keys was forgotten. */
  readonly forgotten: number;
}

/** What is counted while Waybill runs, for Prometheus. Labels are few and our own: nothing that a sender made up. */
export interface Metrics {
  readonly registry: Registry;
  readonly received: (transport: Transport, spans: number) => void;
  readonly rejected: (transport: Transport, spans: number) => void;
  readonly acknowledged: (transport: Transport, spans: number) => void;
  readonly refused: (transport: Transport, reason: Refusal) => void;
  /** Finds out, whenever it is asked for metrics, how many bytes of requests are in work. */
  readonly watchBytesInFlight: (read: () => number) => void;
  /** The same for what a flood of attributes leaves out: see `LeftOut`. */
  readonly watchLeftOut: (read: () => LeftOut) => void;
  /** The same for spans that wait for their insert. */
  readonly watchHeldSpans: (read: () => number) => void;
  readonly inserted: (seconds: number, outcome: 'ok' | 'failed') => void;
  readonly found: (rule: string) => void;
  /** @param clockUs the present, microseconds since 1970 */
  readonly watchAudit: (stats: () => AuditStats, clockUs: () => number) => void;
}

const LATENCY_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Creates the counters of one Waybill, each at zero, in a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> =>
    new Counter({ name: `waybill_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({
      name: `waybill_${name}`,
      help,
      registers,
      collect: () => made.set(read()),
    });
  };

  const total = (name: string, help: string, read: () => number): void => {
    const made: Counter = new Counter({
      name: `waybill_${name}`,
      help,
      registers,
      collect: () => {
        made.reset();
        made.inc(read());
      },
    });
  };

  const received = counter('spans_received_total', 'Spans that were decoded.', ['transport']);
  const rejected = counter('spans_rejected_total', 'Spans of accepted requests that were unusable.', ['transport']);
  const acknowledged = counter('spans_acknowledged_total', 'Spans that are durable, and said to be.', ['transport']);
  const refused = counter('requests_refused_total', 'Requests that were refused as a whole.', ['transport', 'reason']);
  const findings = counter(
    'findings_total',
    'Findings on calls and traces as they were audited; a new audit counts again.',
    ['rule'],
  );
  const inserts = new Histogram({
    name: 'waybill_insert_duration_seconds',
    help: 'From the start of an insert of spans until it is durable, or has failed.',
    labelNames: ['outcome'],
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  for (const transport of ['http', 'grpc'] as const) {
    for (const one of [received, rejected, acknowledged]) one.inc({ transport }, 0);
    for (const reason of refusals) refused.inc({ transport, reason }, 0);
  }

  return {
    registry,
    received: (transport, spans) => received.inc({ transport }, spans),
    rejected: (transport, spans) => rejected.inc({ transport }, spans),
    acknowledged: (transport, spans) => acknowledged.inc({ transport }, spans),
    refused: (transport, reason) => refused.inc({ transport, reason }),
    watchBytesInFlight: (read) =>
      gauge('request_bytes_in_flight', 'Bytes of requests, packed and unpacked, that are in work.', read),
    watchLeftOut: (read) => {
      total('attributes_left_out_total', 'Attributes that were not kept, for their span had too many.', () => {
        return read().attributes;
      });
      total(
        'attribute_keys_forgotten_total',
        'Times that all keys were forgotten, for senders made up too many.',
        () => {
          return read().forgotten;
        },
      );
    },
    watchHeldSpans: (read) => gauge('spans_held', 'Spans that wait for their insert, or are being inserted.', read),
    inserted: (seconds, outcome) => inserts.observe({ outcome }, seconds),
    found: (rule) => findings.inc({ rule }),
    watchAudit: (stats, clockUs) => {
      const totals = {
        traces_audited_total: ['Traces that were audited; a trace that changed counts again.', () => stats().traces],
        calls_audited_total: ['Calls of audited traces.', () => stats().calls],
        traces_failed_total: ['Traces that could not be audited.', () => stats().failedTraces],
        traces_overdue_total: [
          'Traces that were audited though spans kept coming for them.',
          () => stats().overdueTraces,
        ],
        traces_cut_total: ['Traces of which only a part was audited.', () => stats().cutTraces],
      } as const;
      for (const [name, [help, read]] of Object.entries(totals)) total(name, help, read);
      gauge('audit_shares_helped', 'Shares of auditors that are away, which are audited here.', () => {
        return stats().sharesHelped;
      });
      gauge('audit_lag_seconds', 'Age of the oldest arrival that may not be audited yet; NaN before the first.', () => {
        const { cutUs } = stats();
        return cutUs === 0 ? Number.NaN : Math.max(0, clockUs() - cutUs) / 1e6;
      });
    },
  };
}
