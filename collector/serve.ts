import { isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
import type { ServeConfig } from './config.js';
import type { ContractInForce } from './contract/in-force.js';
import type { Exporting } from './export/settings.js';
import { startExport } from './export/start.js';
import { createForwardingIntake } from './forward/forwarding-intake.js';
import { startForwarder } from './forward/forwarder.js';
import { createForwardMetrics } from './forward/metrics.js';
import type { Forwarding } from './forward/settings.js';
import type { Door } from './keys/door.js';
import { createDoor } from './keys/door.js';
import { createKeyRing } from './keys/key-ring.js';
import { noteContract } from './keys/note-contract.js';
import type { Usage } from './keys/usage.js';
import { createUsage } from './keys/usage.js';
import { createDecisionMetrics } from './decisions/metrics.js';
import { startDecisions } from './decisions/start.js';
import { startGrpcReceiver } from './otlp/grpc-receiver.js';
import { startReceiver } from './otlp/receiver.js';
import type { UserHasher } from './privacy/hash-users.js';
import { createUserHasher } from './privacy/hash-users.js';
import { startRollouts } from './rollout/loop.js';
import { createRolloutMetrics } from './rollout/metrics.js';
import { ofrepBefore } from './rollout/ofrep.js';
import { StartError } from './start-error.js';
import type { Store, StoreAddress } from './store/client.js';
import { startWarmDays } from './store/questions/warm-days.js';
import { connectStore } from './store/client.js';
import { createDaySums } from './store/day-sums.js';
import { startEmbeddedClickHouse } from './store/embedded/engine.js';
import { holdersOf } from './store/cluster/holders.js';
import { QueryRefused } from './store/errors.js';
import { migrate } from './store/migrate.js';
import type { Retention } from './store/retention.js';
import { applyRetention } from './store/retention.js';
import { startSpanWriter } from './store/span-writer.js';
import type { Certificate } from './tls.js';
import { watchCertificate } from './tls.js';
import { countFindings, timeInserts, traceInserts } from './watch/counted.js';
import type { Metrics } from './watch/metrics.js';
import { createMetrics } from './watch/metrics.js';
import type { OwnTraces } from './watch/own-traces.js';
import { startOwnTraces } from './watch/own-traces.js';
import type { Readiness } from './watch/readiness.js';
import { createReadiness } from './watch/readiness.js';

/** Waybill, running. */
export interface Waybill extends AsyncDisposable {
  /** Null where it is no receiver. */
  readonly otlpUrl: string | null;
  /** Null where OTLP/gRPC is left out. */
  readonly grpcUrl: string | null;
  /** The API and the page; of what has another role, no more than its health and its metrics. */
  readonly apiUrl: string;
  /** Where SQL can be sent, with the user and the file that holds the password of the embedded server. */
  readonly clickHouse: { readonly url: string; readonly database: string; readonly readerPasswordFile: string | null };
  /** The contract file in force; null: the default contract. */
  readonly contractFile: string | null;
  /** Takes no more, writes what was taken, and ends everything; may be called twice. */
  readonly stop: () => Promise<void>;
}

/** Whom it speaks to of its own accord, with the secrets that this takes. */
export interface Outward {
  /** The channels of the contract. */
  readonly targets: readonly Target[];
  /** Null: what is received is not passed on. */
  readonly forwarding: Forwarding | null;
  /** Null: findings and scores are not sent on. */
  readonly exporting: Exporting | null;
}

/**
 * Starts what its roles are made of: the receivers, the audit loop, the API with gate, rollouts, decisions and alerts;
 * before them the store, where it is one of our own.
 *
 * @throws StartError with a message for a person
 */
export async function serve(
  config: ServeConfig,
  { file, contract }: ContractInForce,
  outward: Outward,
  log: Logger,
): Promise<Waybill> {
  const started: AsyncDisposable[] = [];
  const keep: Keep = (one) => {
    started.push(one);
    return one;
  };
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= endAll(started));
  try {
    const certificate = config.tls === null ? null : watchCertificate(config.tls, log);
    if (certificate !== null) keep({ [Symbol.asyncDispose]: async () => certificate[Symbol.dispose]() });
    const { address, readerPasswordFile } = await storeFor(config, log, keep);
    await migrate(address);
    const connected = keep(connectStore(address));
    // Connections of its own: questions wait neither behind audits nor as long as these.
    const asking = keep(connectStore(address, config.questionMs));
    const daySums = createDaySums(asking);
    const store = { ...connected, daySums };
    const asked = { ...asking, daySums };
    if (config.roles.has('api')) {
      await retain(address, config.retention, log);
      await noteContract(store, { file, contract: contract.source }, clockUs());
    }
    const ring = createKeyRing(asked);
    // Asked in any case: what is known of keys then is good while ClickHouse is away.
    if (!(await ring.isLocked()) && config.isWide) throw withoutKeys(config.host);
    const usage = createUsage(store, clockUs, log);
    const metrics = createMetrics();
    const readiness = createReadiness(asked);
    const users = config.hashUser === null ? null : createUserHasher(config.hashUser, contract);
    const door = createDoor(ring, usage);
    const traces = config.ownTraces === null ? null : keep(await startOwnTraces(config.ownTraces));
    const base: Base = { config, contract, log, store, asked, users, traces, metrics, certificate, door, keep };
    const alerts = config.roles.has('api') ? startAlerts(base, outward.targets) : null;
    if (config.roles.has('auditor')) await startAudits(base, alerts, outward.exporting);
    await (config.roles.has('api') ? startAnswers(base, usage, readiness) : startSigns(base, readiness));
    if (config.roles.has('receiver')) await startReceivers(base, outward.forwarding);
    keep({
      [Symbol.asyncDispose]: async () => {
        readiness.drain();
        await sleep(config.drainMs);
      },
    });
    const { host, otlpPort, grpcPort, apiPort } = config;
    const url = (port: number): string => urlOf(host, port, certificate !== null);
    return {
      otlpUrl: config.roles.has('receiver') ? url(otlpPort) : null,
      grpcUrl: config.roles.has('receiver') && grpcPort !== null ? url(grpcPort) : null,
      apiUrl: url(apiPort),
      clickHouse: { url: address.url, database: address.database, readerPasswordFile },
      contractFile: file,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What all parts are started with. */
interface Base {
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
type Keep = <T extends AsyncDisposable>(one: T) => T;

/** Warns of what audits bring. Where others audit, it looks by itself: once a minute at budgets. */
function startAlerts({ contract, log, store, metrics, keep }: Base, targets: readonly Target[]): AlertLoop {
  const alertMetrics = createAlertMetrics(metrics.registry);
  return keep(startAlertLoop({ store, contract: contract.source, targets, metrics: alertMetrics, clockUs, log }));
}

/** Audits what settles. @param alerts where they are started here, they are told of new calls */
async function startAudits(base: Base, alerts: AlertLoop | null, exporting: Outward['exporting']): Promise<void> {
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
async function startSigns(base: Base, readiness: Readiness): Promise<void> {
  const { config, log, asked: store, users, traces, metrics, certificate, door, keep } = base;
  const app = createBaseApp({ log, metrics, readiness, door, traces });
  if (config.roles.has('receiver')) takePayloads(app, { store, clockUs, users });
  answerTheRest(app, log, 'the API is where --role api runs');
  keep(await startApi(app.app, config.host, config.apiPort, certificate));
}

/** Serves the API and the page. */
async function startAnswers(base: Base, usage: Usage, readiness: Readiness): Promise<void> {
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
async function startReceivers(base: Base, forwarding: Forwarding | null): Promise<void> {
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

function withoutKeys(host: string): StartError {
  return new StartError(
    `Refusing to listen on ${host}: anyone who can reach it could send spans and read costs, for there are no keys. ` +
      "Make one first, with 'waybill keys create ops --role admin', or listen on 127.0.0.1.",
  );
}

/** A user who may not alter tables has a schema, and a retention, that somebody else looks after. */
async function retain(address: StoreAddress, retention: Retention, log: Logger): Promise<void> {
  try {
    for (const holder of await holdersOf(address)) {
      await using store = holder.connect(holder.database);
      const tables = await applyRetention(store, retention);
      if (tables.length > 0) log.info({ ...retention, tables }, 'Retention changed');
    }
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
    log.warn({ reason: error.message }, 'The retention cannot be changed, and stays as it is');
  }
}

/** Ends everything, what was started last first. */
async function endAll(started: AsyncDisposable[]): Promise<void> {
  for (let one = started.pop(); one !== undefined; one = started.pop()) await one[Symbol.asyncDispose]();
}

function urlOf(host: string, port: number, isSecure: boolean): string {
  return `${isSecure ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The present, microseconds since 1970. */
function clockUs(): number {
  return Date.now() * 1_000;
}

/** The server that `CLICKHOUSE_URL` names, else one of our own. */
async function storeFor(
  config: ServeConfig,
  log: Logger,
  keep: Keep,
): Promise<{ address: StoreAddress; readerPasswordFile: string | null }> {
  if (config.clickHouse !== null) return { address: config.clickHouse, readerPasswordFile: null };
  const engine = keep(
    await startEmbeddedClickHouse({
      dataDir: config.dataDir,
      host: config.clickHouseHost,
      httpPort: config.clickHousePort,
      nativePort: config.clickHouseNativePort,
      memoryBytes: config.clickHouseMemoryBytes,
      log,
    }),
  );
  const { url, username, password } = engine;
  return {
    address: { url, username, password, database: 'waybill' },
    readerPasswordFile: join(resolve(config.dataDir), 'reader.password'),
  };
}
