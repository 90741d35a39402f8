import { isIPv4, isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Target } from './alerts/channels.js';
import { startAlertLoop } from './alerts/loop.js';
import { createAlertMetrics } from './alerts/metrics.js';
import { createApi } from './api/app.js';
import { startAuditNews } from './api/audit-news.js';
import { startApi } from './api/start-api.js';
import { startAuditLoop } from './audit/loop.js';
import type { ServeConfig } from './config.js';
import type { ContractInForce } from './contract/in-force.js';
import { startReceiver } from './otlp/receiver.js';
import type { StoreAddress } from './store/client.js';
import { connectStore } from './store/client.js';
import { startEmbeddedClickHouse } from './store/embedded/engine.js';
import { migrate } from './store/migrate.js';
import { startSpanWriter } from './store/span-writer.js';

/** Waybill, running. */
export interface Waybill extends AsyncDisposable {
  readonly otlpUrl: string;
  readonly apiUrl: string;
  /** Where SQL can be sent, with the user and the file that holds the password of the embedded server. */
  readonly clickHouse: { readonly url: string; readonly database: string; readonly readerPasswordFile: string | null };
  /** The contract file in force; null: the default contract. */
  readonly contractFile: string | null;
  /** Takes no more, writes what was taken, and ends everything; may be called twice. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts everything: the store, the receiver, the audit loop, the alerts and the API.
 *
 * @param targets the channels of the contract, with their secrets
 * @throws StartError with a message for a person
 */
export async function serve(
  config: ServeConfig,
  { file, contract }: ContractInForce,
  targets: readonly Target[],
  log: Logger,
): Promise<Waybill> {
  const started: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(one: T): T => {
    started.push(one);
    return one;
  };
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= endAll(started));
  try {
    const { address, readerPasswordFile } = await storeFor(config, log, keep);
    await migrate(address);
    const store = keep(connectStore(address));
    const metrics = createAlertMetrics(new Registry());
    const alerts = keep(startAlertLoop({ store, contract: contract.source, targets, metrics, clockUs, log }));
    keep(startAuditLoop({ store, contract, clockUs, log, quietMs: config.quietMs, onCalls: alerts.wake }));
    const writer = keep(startSpanWriter({ store, clockUs }));
    const news = startAuditNews({ store, log });
    const api = createApi({ store, contract, log, clockUs, quietMs: config.quietMs, news });
    keep(await startApi(api, config.host, config.apiPort));
    // Ends before the API, which waits for the connections of those who listen.
    keep(news);
    keep(await startReceiver({ host: config.host, port: config.otlpPort, contract, sink: writer, log, clockUs }));
    return {
      otlpUrl: urlOf(config.host, config.otlpPort),
      apiUrl: urlOf(config.host, config.apiPort),
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

/** Ends everything, what was started last first. */
async function endAll(started: AsyncDisposable[]): Promise<void> {
  for (let one = started.pop(); one !== undefined; one = started.pop()) await one[Symbol.asyncDispose]();
}

function urlOf(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The present, microseconds since 1970. */
function clockUs(): number {
  return Date.now() * 1_000;
}

/** The server that `CLICKHOUSE_URL` names, else one of our own. */
async function storeFor(
  config: ServeConfig,
  log: Logger,
  keep: <T extends AsyncDisposable>(one: T) => T,
): Promise<{ address: StoreAddress; readerPasswordFile: string | null }> {
  if (config.clickHouse !== null) return { address: config.clickHouse, readerPasswordFile: null };
  const engine = keep(
    await startEmbeddedClickHouse({
      dataDir: config.dataDir,
      host: isIPv4(config.host) ? config.host : '127.0.0.1',
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
