import { isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { clockUs } from './clock.js';
import type { ServeConfig } from './config.js';
import type { ContractInForce } from './contract/in-force.js';
import { createDoor } from './keys/door.js';
import { createKeyRing } from './keys/key-ring.js';
import { noteContract } from './keys/note-contract.js';
import { createUsage } from './keys/usage.js';
import { createUserHasher } from './privacy/hash-users.js';
import { StartError } from './start-error.js';
import type { StoreAddress } from './store/client.js';
import { connectStore } from './store/client.js';
import { createDaySums } from './store/day-sums.js';
import { startEmbeddedClickHouse } from './store/embedded/engine.js';
import { holdersOf } from './store/cluster/holders.js';
import { QueryRefused } from './store/errors.js';
import { migrate } from './store/migrate.js';
import type { Retention } from './store/retention.js';
import { applyRetention } from './store/retention.js';
import { watchCertificate } from './tls.js';
import { createMetrics } from './watch/metrics.js';
import { startOwnTraces } from './watch/own-traces.js';
import { createReadiness } from './watch/readiness.js';
import type { Base, Keep, Outward } from './parts.js';
import { startAlerts, startAnswers, startAudits, startReceivers, startSigns } from './parts.js';

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
