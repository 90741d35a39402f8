import type { ExportSettings } from '../../schemas/export-settings.js';
import { exportSettingsSchema } from '../../schemas/export-settings.js';
import type { Scope } from '../../schemas/gate.js';
import type { Destination, OwnPorts } from '../destination.js';
import { destinationOf } from '../destination.js';
import { durationUs } from '../store/questions/gate.js';

/** Where findings and scores are sent, and which. */
export interface Exporting {
  readonly logs: Destination;
  readonly metrics: Destination;
  readonly findings: boolean;
  readonly scopes: readonly Scope[];
  readonly everyMs: number;
}

/**
 * What the contract says of sending results on, and the environment, which wins; null: nothing is sent.
 *
 * @throws StartError that names what is wrong, and no secret
 */
export function exportingOf(
  settings: ExportSettings | undefined,
  env: Readonly<Record<string, string | undefined>>,
  own: OwnPorts,
): Exporting | null {
  const logs = destinationOf('export', '/v1/logs', settings, env, own);
  const metrics = destinationOf('export', '/v1/metrics', settings, env, own);
  if (logs === null || metrics === null) return null;
  const { findings, scopes, every } = settings ?? exportSettingsSchema.unwrap().parse({});
  return { logs, metrics, findings, scopes, everyMs: durationUs(every) / 1_000 };
}
