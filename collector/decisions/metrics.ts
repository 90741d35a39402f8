import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { DecisionVerdict } from '../../schemas/decision.js';
import { verdicts } from '../../schemas/decision.js';
import type { RolloutMode } from '../../schemas/rollout.js';
import { rolloutModes } from '../../schemas/rollout.js';
import type { Ledger } from './ledger.js';

/** What decisions count, for Prometheus. */
export interface DecisionMetrics {
  readonly decided: (mode: RolloutMode, answer: DecisionVerdict) => void;
  /** A decision that could not be kept. */
  readonly lost: () => void;
  readonly watchOpen: (open: Ledger['open']) => void;
}

/** Creates the metrics of decisions in a registry. */
export function createDecisionMetrics(registry: Registry): DecisionMetrics {
  const registers = [registry];
  const decisions = new Counter({
    name: 'waybill_decisions_total',
    help: 'Decisions that were answered, by the mode that held and the answer.',
    labelNames: ['mode', 'answer'] as const,
    registers,
  });
  const lost = new Counter({
    name: 'waybill_decisions_not_kept_total',
    help: 'Decisions that were answered and could not be written to ClickHouse.',
    registers,
  });
  for (const mode of rolloutModes) for (const answer of verdicts) decisions.inc({ mode, answer }, 0);
  return {
    decided: (mode, answer) => decisions.inc({ mode, answer }),
    lost: () => lost.inc(),
    watchOpen: (open) => {
      const gauge: Gauge = new Gauge({
        name: 'waybill_reservations_open',
        help: 'Reservations that no audited call has settled and that have not expired.',
        registers,
        collect: () => gauge.set(open()),
      });
    },
  };
}
