import type { Logger } from 'pino';
import { auditCallByCall } from '../auditor/audit.js';
import type { CompiledContract } from '../auditor/contract.js';
import type { Target } from './alerts/channels.js';
import type { AlertLoop } from './alerts/loop.js';
import { startAlertLoop } from './alerts/loop.js';
import { createAlertMetrics } from './alerts/metrics.js';
import { createApi } from './api/app.js';
import { startAuditNews } from './api/audit-news.js';
import { answerTheRest, createBaseApp, takePayloads } from './api/base-app.js';
import { startApi } from './api/start-api.js';
import { startAuditLoop } from './audit/loop.js';
import { clockUs } from './clock.js';
import type { ServeConfig } from './config.js';
import type { Exporting } from './export/settings.js';
import { startExport } from './export/start.js';
import { createForwardingIntake } from './forward/forwarding-intake.js';
import { startForwarder } from './forward/forwarder.js';
import { createForwardMetrics } from './forward/metrics.js';
import type { Forwarding } from './forward/settings.js';
import type { Door } from './keys/door.js';
import type { Usage } from './keys/usage.js';
import { createDecisionMetrics } from './decisions/metrics.js';
import { startDecisions } from './decisions/start.js';
import { startGrpcReceiver } from './otlp/grpc-receiver.js';
import { startReceiver } from './otlp/receiver.js';
import type { UserHasher } from './privacy/hash-users.js';
import { startRollouts } from './rollout/loop.js';
import { createRolloutMetrics } from './rollout/metrics.js';
import { ofrepBefore } from './rollout/ofrep.js';
import type { Store } from './store/client.js';
import { startWarmDays } from './store/questions/warm-days.js';
import { startSpanWriter } from './store/span-writer.js';
import type { Certificate } from './tls.js';
import { countFindings, timeInserts, traceInserts } from './watch/counted.js';
import type { Metrics } from './watch/metrics.js';
import type { OwnTraces } from './watch/own-traces.js';
import type { Readiness } from './watch/readiness.js';

/** Whom it speaks to of its own accord, with the secrets that this takes. */
export interface Outward {
  /** The channels of the contract. */
  readonly targets: readonly Target[];
  /** Null: what is received is not passed on. */
  readonly forwarding: Forwarding | null;
  /** Null: findings and scores are not sent on. */
  readonly exporting: Exporting | null;
}

/** What all parts are started with. */
export interface Base {
  readonly config: ServeConfig;
  readonly contract: CompiledContract;
  readonly log: Logger;
  readonly store: Store;
  /** The same, for whoever waits for an answer. */
  readonly asked: Store;
  readonly users: UserHasher | null;
  readonly traces: OwnTraces | null;
  readonly metrics: Metrics;
  readonly certificate: Certificate | null;
  readonly door: Door;
  readonly keep: Keep;
}

/** Has a part ended when all is ended. */
export type Keep = <T extends AsyncDisposable>(one: T) => T;

/** Warns of what audits bring. Where others audit, it looks by itself: once a minute at budgets. */
export function startAlerts({ contract, log, store, metrics, keep }: Base, targets: readonly Target[]): AlertLoop {
  const alertMetrics = createAlertMetrics(metrics.registry);
  return keep(startAlertLoop({ store, contract: contract.source, targets, metrics: alertMetrics, clockUs, log }));
}

/** Audits what settles. @param alerts where they are started here, they are told of new calls */
export async function startAudits(
  base: Base,
  alerts: AlertLoop | null,
  exporting: Outward['exporting'],
): Promise<void> {
  const { config, contract, log, store, traces, metrics, keep } = base;
  const { quietMs, share } = config;
  const audit = countFindings(auditCallByCall, metrics);
  const around = (round: () => Promise<void>): Promise<void> =>
    traces === null ? round() : traces.within('audit sweep', {}, round);
  const { registry } = metrics;
  const agreed = { exporting, contract: contract.source };
  const { newsOf } = keep(await startExport({ ...agreed, share, store, registry, log, clockUs }));
  const told = { ...(alerts === null ? {} : { onCalls: alerts.wake }), ...(newsOf === undefined ? {} : { newsOf }) };
  const loop = keep(startAuditLoop({ store, contract, clockUs, log, quietMs, share, audit, around, ...told }));
  metrics.watchAudit(loop.stats, clockUs);
}

/** Says of a process without the API whether it is well; a receiver takes the logs of gateways there, too. */
export async function startSigns(base: Base, readiness: Readiness): Promise<void> {
  const { config, log, asked: store, users, traces, metrics, certificate, door, keep } = base;
  const app = createBaseApp({ log, metrics, readiness, door, traces });
  if (config.roles.has('receiver')) takePayloads(app, { store, clockUs, users });
  answerTheRest(app, log, 'the API is where --role api runs');
  keep(await startApi(app.app, config.host, config.apiPort, certificate));
}

/** Serves the API and the page. */
export async function startAnswers(base: Base, usage: Usage, readiness: Readiness): Promise<void> {
  const { config, contract, log, asked: store, users, traces, metrics, certificate, door, keep } = base;
  const { host, apiPort, quietMs } = config;
  const news = startAuditNews({ store, log });
  const rolloutMetrics = createRolloutMetrics(metrics.registry);
  const rollouts = keep(
    await startRollouts({ store: base.store, contract: contract.source, metrics: rolloutMetrics, clockUs, log }),
  );
  const decisionMetrics = createDecisionMetrics(metrics.registry);
  const decisions = keep(
    await startDecisions({ store: base.store, contract, modes: rollouts, metrics: decisionMetrics, clockUs, log }),
  );
  const api = createApi({
    store,
    contract,
    log,
    clockUs,
    quietMs,
    metrics,
    readiness,
    door,
    usage,
    news,
    rollouts,
    users,
    traces,
    decisions,
  });
  const front = ofrepBefore(api, { modes: rollouts, contract, door, metrics: rolloutMetrics, log });
  keep(await startApi(front, host, apiPort, certificate));
  // Ends before the API, which waits for the connections of those who listen.
  keep(news);
  keep(startWarmDays(base.store, clockUs, log));
}

/** Takes spans over HTTP, and over gRPC where it is not left out. */
export async function startReceivers(base: Base, forwarding: Forwarding | null): Promise<void> {
  const { config, contract, log, store, users, traces, metrics, certificate, door, keep } = base;
  const { host, otlpPort, grpcPort } = config;
  const timed = timeInserts(store, metrics);
  const sink = keep(startSpanWriter({ store: traces === null ? timed : traceInserts(timed, traces), clockUs }));
  metrics.watchHeldSpans(sink.heldSpans);
  const forwarder =
    forwarding === null ? null : keep(startForwarder(forwarding, createForwardMetrics(metrics.registry), log));
  const { intake } = keep(
    await startReceiver({
      host,
      port: otlpPort,
      contract,
      sink,
      log,
      clockUs,
      metrics,
      door,
      certificate,
      users,
      traces,
      ...(forwarder === null ? {} : { makeIntake: (intake) => createForwardingIntake(intake, forwarder) }),
    }),
  );
  if (grpcPort === null) return;
  keep(await startGrpcReceiver({ host, port: grpcPort, intake, log, metrics, door, certificate }));
}
