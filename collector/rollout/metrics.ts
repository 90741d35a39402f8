import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { RolloutMode } from '../../schemas/rollout.js';
import { rolloutModes } from '../../schemas/rollout.js';

/** What rollouts count, for Prometheus. */
export interface RolloutMetrics {
  readonly changed: (to: RolloutMode) => void;
  readonly evaluated: (mode: RolloutMode) => void;
  /** Finds out, whenever it is asked for metrics, how many scopes there are in each mode. */
  readonly watchScopes: (read: () => readonly RolloutMode[]) => void;
}

/** Creates the metrics of rollouts in a registry. */
export function createRolloutMetrics(registry: Registry): RolloutMetrics {
  const registers = [registry];
  const labelNames = ['mode'] as const;
  const changes = new Counter({
    name: 'waybill_rollout_changes_total',
    help: 'Scopes whose effective mode changed, by the mode that holds since.',
    labelNames,
    registers,
  });
  const evaluations = new Counter({
    name: 'waybill_ofrep_evaluations_total',
    help: 'Evaluations of waybill.enforcement that were answered, by the mode that was answered.',
    labelNames,
    registers,
  });
  for (const mode of rolloutModes) for (const one of [changes, evaluations]) one.inc({ mode }, 0);
  return {
    changed: (mode) => changes.inc({ mode }),
    evaluated: (mode) => evaluations.inc({ mode }),
    watchScopes: (read) => {
      const scopes: Gauge<'mode'> = new Gauge({
        name: 'waybill_rollout_scopes',
        help: 'Scopes that are rolled out, by the mode that holds.',
        labelNames,
        registers,
        collect: () => {
          const modes = read();
          for (const mode of rolloutModes) scopes.set({ mode }, modes.filter((one) => one === mode).length);
        },
      });
    },
  };
}
