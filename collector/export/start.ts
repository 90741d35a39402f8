import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Contract } from '../../schemas/contract.js';
import type { Store } from '../store/client.js';
import type { Share } from '../store/cuts.js';
import type { FindingExport } from './findings.js';
import { startFindingExport } from './findings.js';
import { createExportMetrics } from './metrics.js';
import { startScoreExport } from './scores.js';
import { loadSdk } from './sdk.js';
import type { Exporting } from './settings.js';

export interface ExportOptions {
  /** Null: nothing is sent. */
  readonly exporting: Exporting | null;
  readonly contract: Contract;
  readonly store: Store;
  readonly registry: Registry;
  readonly log: Logger;
  /** Of several auditors the first alone sends scores: they are of all calls, whoever audited them. Left out: it is alone. */
  readonly share?: Share;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
}

/** Results on their way to a backend beside. */
export interface Export extends AsyncDisposable {
  /** Left out: findings are not sent. */
  readonly newsOf?: FindingExport['newsOf'];
}

/** Starts to send findings, and score and spend, each where it was asked for. */
export async function startExport({ exporting, contract, registry, ...base }: ExportOptions): Promise<Export> {
  if (exporting === null) return { [Symbol.asyncDispose]: async () => {} };
  const { logs, metrics: to, findings, scopes, everyMs } = exporting;
  const { window } = contract.gate;
  const options = { ...base, sdk: await loadSdk(), metrics: createExportMetrics(registry) };
  const told = findings ? startFindingExport({ ...options, to: logs }) : null;
  const sendsScores = scopes.length > 0 && (base.share?.index ?? 0) === 0;
  const scores = sendsScores ? startScoreExport({ ...options, to, scopes, window, everyMs }) : null;
  return {
    ...(told === null ? {} : { newsOf: told.newsOf }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([told?.[Symbol.asyncDispose](), scores?.[Symbol.asyncDispose]()]);
    },
  };
}
