import type { Attributes, HrTime } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import type { logs } from '@opentelemetry/sdk-node';
import type { Logger } from 'pino';
import { parseIsoUs } from '../../auditor/iso-micros.js';
import {
  FEATURE_ID,
  FINDING_ATTRIBUTE,
  FINDING_FIX,
  FINDING_HOP_FROM,
  FINDING_HOP_TO,
  FINDING_QUESTION,
  FINDING_RULE,
  FINDING_SERVICE,
  FINDING_VERDICT,
  POLICY_ID,
  TENANT_ID,
} from '../../schemas/attributes.js';
import type { Call, Finding, Severity } from '../../schemas/audit.js';
import { FINDING_EVENT } from '../../schemas/signals.js';
import type { WholeAudit } from '../store/audit-rows.js';
import type { Store } from '../store/client.js';
import type { Destination } from '../destination.js';
import { findingKey, knownFindings } from './known-findings.js';
import type { ExportMetrics } from './metrics.js';
import type { Sdk } from './sdk.js';
import { lastWords } from '../watch/own-telemetry.js';

/** Sends findings as OTLP logs. */
export interface FindingExport extends AsyncDisposable {
  /**
   * Sees which findings of audits are news before these are written; what it returns sends them, once they are. Never
   * throws, and waits for nobody but the store.
   */
  readonly newsOf: (audits: readonly WholeAudit[]) => Promise<() => void>;
}

export interface FindingExportOptions {
  readonly sdk: Sdk;
  readonly to: Destination;
  readonly store: Store;
  readonly metrics: ExportMetrics;
  readonly log: Logger;
  /** Findings that may wait to be sent; those that come then are dropped, and counted. */
  readonly mostWaiting?: number;
  /** How long they gather. */
  readonly delayMs?: number;
}

interface News {
  readonly traceId: string;
  /** Null: it is about the trace as a whole. */
  readonly call: Call | null;
  readonly finding: Finding;
}

const SEVERITIES = {
  error: { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' },
  warning: { severityNumber: SeverityNumber.WARN, severityText: 'WARN' },
  info: { severityNumber: SeverityNumber.INFO, severityText: 'INFO' },
} as const satisfies Record<Severity, object>;

/**
 * Starts to send findings. A finding is sent when it is first found; a trace that is audited again with the findings
 * that it had says nothing. What cannot be sent is counted and gone: it stays in ClickHouse, which is asked for all.
 */
export function startFindingExport(options: FindingExportOptions): FindingExport {
  const { sdk, to, store, metrics, log, mostWaiting = 8_192, delayMs = 1_000 } = options;
  let waiting = 0;

  const counted = (exporter: logs.LogRecordExporter): logs.LogRecordExporter => ({
    export: (records, done) =>
      exporter.export(records, (result) => {
        waiting -= records.length;
        const isSent = result.code === sdk.core.ExportResultCode.SUCCESS;
        metrics.findings(isSent ? 'sent' : 'failed', records.length);
        if (!isSent) log.warn({ to: to.url.host, findings: records.length }, 'Findings could not be sent');
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  });

  const provider = new sdk.logs.LoggerProvider({
    resource: sdk.resource,
    processors: [
      new sdk.logs.BatchLogRecordProcessor({
        exporter: counted(sdk.logExporter(to)),
        maxQueueSize: mostWaiting,
        scheduledDelayMillis: delayMs,
      }),
    ],
  });
  const logger = provider.getLogger('waybill', sdk.version);

  function say({ traceId, call, finding }: News): void {
    if (waiting >= mostWaiting) return metrics.findings('dropped', 1);
    waiting += 1;
    logger.emit({
      eventName: FINDING_EVENT,
      // When it happened; where that is not known, when it was found.
      ...(call === null ? {} : { timestamp: hrTimeOf(parseIsoUs(call.startTime)) }),
      observedTimestamp: Date.now(),
      ...SEVERITIES[finding.severity],
      body: finding.message,
      attributes: attributesOf(finding, call),
      context: trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: finding.spanId, traceFlags: TraceFlags.SAMPLED }),
    });
  }

  return {
    newsOf: async (audits) => {
      const found = audits.flatMap(({ audit }) => findingsOf(audit));
      if (found.length === 0) return () => {};
      try {
        const known = await knownFindings(store, audits);
        const news = found.filter((one) => !known.has(findingKey(one.traceId, one.call?.spanId ?? '', one.finding)));
        return () => news.forEach(say);
      } catch (error) {
        log.warn({ err: error }, 'What was found before is not known, so that findings are not sent');
        return () => metrics.findings('dropped', found.length);
      }
    },
    [Symbol.asyncDispose]: () => lastWords(provider.shutdown()),
  };
}

function findingsOf({ traceId, calls, findings }: WholeAudit['audit']): News[] {
  return [
    ...calls.flatMap((call) => call.findings.map((finding): News => ({ traceId, call, finding }))),
    ...findings.map((finding): News => ({ traceId, call: null, finding })),
  ];
}

/** What there is of it, in words of our own and whose the call is: nothing of what a prompt or an answer says. */
function attributesOf({ rule, question, attribute, hop, fix }: Finding, call: Call | null): Attributes {
  const all = {
    [FINDING_RULE]: rule,
    [FINDING_QUESTION]: question,
    [FINDING_ATTRIBUTE]: attribute,
    [FINDING_HOP_FROM]: hop?.from,
    [FINDING_HOP_TO]: hop?.to,
    [FINDING_FIX]: fix,
    [FINDING_SERVICE]: call?.service,
    [FINDING_VERDICT]: call?.verdict,
    [TENANT_ID]: call?.attributes['tenant']?.value,
    [FEATURE_ID]: call?.attributes['feature']?.value,
    [POLICY_ID]: call?.attributes['policy']?.value,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

function hrTimeOf(us: number): HrTime {
  return [Math.floor(us / 1e6), (us % 1e6) * 1_000];
}
