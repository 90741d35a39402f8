import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';

const findingOutcomes = ['sent', 'failed', 'dropped'] as const;
const metricOutcomes = ['sent', 'failed'] as const;

/** What is counted of results that are sent on. */
export interface ExportMetrics {
  readonly findings: (outcome: (typeof findingOutcomes)[number], count: number) => void;
  readonly scores: (outcome: (typeof metricOutcomes)[number]) => void;
}

/** Creates the counters, each at zero. */
export function createExportMetrics(registry: Registry): ExportMetrics {
  const registers = [registry];
  const findings = new Counter({
    name: 'waybill_exported_findings_total',
    help: 'Findings as OTLP logs: sent, failed to be sent, or dropped for too many waited.',
    labelNames: ['outcome'],
    registers,
  });
  const scores = new Counter({
    name: 'waybill_exported_scores_total',
    help: 'Times that score and spend were sent as OTLP metrics, or failed to be.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of findingOutcomes) findings.inc({ outcome }, 0);
  for (const outcome of metricOutcomes) scores.inc({ outcome }, 0);
  return {
    findings: (outcome, count) => findings.inc({ outcome }, count),
    scores: (outcome) => scores.inc({ outcome }),
  };
}
