import type { Attributes } from '@opentelemetry/api';
import type { metrics as sdkMetrics } from '@opentelemetry/sdk-node';
import type { Logger } from 'pino';
import { scoreOf } from '../../auditor/score/score.js';
import {
  FEATURE_ID,
  FINDING_SERVICE,
  FINDING_VERDICT,
  POLICY_ID,
  SCORE_WINDOW,
  TENANT_ID,
} from '../../schemas/attributes.js';
import { verdictSchema } from '../../schemas/audit.js';
import type { Scope } from '../../schemas/gate.js';
import { SCORE_METRIC, SPEND_METRIC, UNKNOWN_COST_METRIC } from '../../schemas/signals.js';
import type { Destination } from '../destination.js';
import type { Store } from '../store/client.js';
import { durationUs } from '../store/questions/gate.js';
import { talliesWithSpend } from '../store/questions/tally.js';
import type { ExportMetrics } from './metrics.js';
import type { Sdk } from './sdk.js';
import { lastWords } from '../watch/own-telemetry.js';

export interface ScoreExportOptions {
  readonly sdk: Sdk;
  readonly to: Destination;
  readonly store: Store;
  readonly metrics: ExportMetrics;
  readonly log: Logger;
  readonly scopes: readonly Scope[];
  /** What they are of, such as `7d`. */
  readonly window: string;
  readonly everyMs: number;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
}

/**
 * Starts to send score and spend of scopes, each of the window that ends now, as gauges. Spend is no counter: a late
 * span replaces an audit, and with it what a call cost; and of several processes, each restarted now and then, none
 * could count on from the others. Amounts are doubles here: for exact sums, ask the API.
 */
export function startScoreExport(options: ScoreExportOptions): AsyncDisposable {
  const { sdk, to, store, metrics, log, scopes, window, everyMs, clockUs } = options;
  const exporter = sdk.metricExporter(to);
  const counted: sdkMetrics.PushMetricExporter = {
    export: (batch, done) =>
      exporter.export(batch, (result) => {
        const isSent = result.code === sdk.core.ExportResultCode.SUCCESS;
        metrics.scores(isSent ? 'sent' : 'failed');
        if (!isSent) log.warn({ to: to.url.host }, 'Scores could not be sent');
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
  const provider = new sdk.metrics.MeterProvider({
    resource: sdk.resource,
    readers: [
      new sdk.metrics.PeriodicExportingMetricReader({
        exporter: counted,
        exportIntervalMillis: everyMs,
        exportTimeoutMillis: everyMs,
      }),
    ],
  });
  const meter = provider.getMeter('waybill', sdk.version);
  const score = meter.createObservableGauge(SCORE_METRIC, {
    unit: '{point}',
    description: '100 × the lower bound of the enforceable share of spend.',
  });
  const spend = meter.createObservableGauge(SPEND_METRIC, {
    unit: '{USD}',
    description: 'Known cost of the calls of the window, as they are audited now.',
  });
  const unknownCost = meter.createObservableGauge(UNKNOWN_COST_METRIC, {
    unit: '{call}',
    description: 'Calls of the window whose cost is unknown, and not in the spend.',
  });

  const windowUs = durationUs(window);
  meter.addBatchObservableCallback(
    async (result) => {
      const toUs = clockUs();
      for (const scope of scopes) {
        const found = await talliesWithSpend(store, scope, { fromUs: toUs - windowUs, toUs }, windowUs, toUs);
        const tally = found.get(0);
        const attributes = { ...attributesOf(scope), [SCORE_WINDOW]: window };
        const points = tally === undefined ? null : scoreOf(tally.tally).score;
        // Without calls there is no score; zero would say that none of them can be defended.
        if (points !== null) result.observe(score, points, attributes);
        result.observe(unknownCost, tally?.tally.unknownCost ?? 0, attributes);
        for (const verdict of verdictSchema.options) {
          result.observe(spend, Number(tally?.spendUsd[verdict] ?? 0), { ...attributes, [FINDING_VERDICT]: verdict });
        }
      }
    },
    [score, spend, unknownCost],
  );
  return { [Symbol.asyncDispose]: () => lastWords(provider.shutdown()) };
}

function attributesOf({ tenant, feature, policy, service }: Scope): Attributes {
  const all = { [TENANT_ID]: tenant, [FEATURE_ID]: feature, [POLICY_ID]: policy, [FINDING_SERVICE]: service };
  return Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
