import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { Alert } from '../../schemas/alert.js';
import type { Budget } from '../../schemas/budget.js';
import { parseIsoUs } from '../../auditor/iso-micros.js';

/** What the alert loop sees, for Prometheus. Labels are policies and channels of the contract: nobody makes them up. */
export interface AlertMetrics {
  readonly budgets: (budgets: readonly Budget[]) => void;
  /** @param share between 0 and 1 */
  readonly unattributed: (share: number) => void;
  readonly score: (score: number | null) => void;
  readonly gate: (scope: string, answer: string) => void;
  readonly raised: (kind: Alert['kind']) => void;
  readonly delivery: (channel: string, outcome: 'delivered' | 'failed') => void;
}

/** Creates the metrics of alerts in a registry. Money is in dollars as a double here: for sums, ask the API. */
export function createAlertMetrics(registry: Registry): AlertMetrics {
  const registers = [registry];
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> =>
    new Gauge({ name: `waybill_${name}`, help, labelNames, registers });
  const limit = gauge('budget_limit_usd', 'Limit of a policy, US dollars a period.', ['policy', 'per']);
  const spent = gauge('budget_spent_usd', 'Known spend in the period that runs now.', ['policy', 'per']);
  const unknown = gauge('budget_unknown_cost_calls', 'Calls of that period whose cost is unknown.', ['policy', 'per']);
  const end = gauge('budget_period_end_seconds', 'End of that period, seconds since 1970.', ['policy', 'per']);
  const runsOut = gauge(
    'budget_runs_out_seconds',
    'When the limit is expected to be reached, seconds since 1970; NaN: not in this period, or already.',
    ['policy', 'per'],
  );
  const unattributed = gauge('unattributed_spend_share', 'Share of the known spend that is unattributed.', []);
  const score = gauge('score', 'Attribution-quality score, 0 to 100; NaN without calls.', []);
  const gate = gauge('gate_ready', '1: ready, 0: not ready, NaN: too little data to say.', ['scope']);
  const raised = new Counter({
    name: 'waybill_alerts_raised_total',
    help: 'Alerts that this process raised.',
    labelNames: ['kind'],
    registers,
  });
  const deliveries = new Counter({
    name: 'waybill_alert_deliveries_total',
    help: 'Attempts of this process to tell a channel of an alert.',
    labelNames: ['channel', 'outcome'],
    registers,
  });
  return {
    budgets: (budgets) => {
      for (const { policy, per, limitUsd, spent: sum, to, forecast } of budgets) {
        const labels = { policy, per };
        const runsOutAt = forecast?.runsOutAt ?? null;
        limit.set(labels, Number(limitUsd));
        spent.set(labels, Number(sum.costUsd));
        unknown.set(labels, sum.unknownCost);
        end.set(labels, parseIsoUs(to) / 1e6);
        runsOut.set(labels, runsOutAt === null ? Number.NaN : parseIsoUs(runsOutAt) / 1e6);
      }
    },
    unattributed: (share) => unattributed.set(share),
    score: (value) => score.set(value ?? Number.NaN),
    gate: (scope, answer) => gate.set({ scope }, { ready: 1, not_ready: 0 }[answer] ?? Number.NaN),
    raised: (kind) => raised.inc({ kind }),
    delivery: (channel, outcome) => deliveries.inc({ channel, outcome }),
  };
}
