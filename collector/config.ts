import { isIPv4, isIPv6 } from 'node:net';
import { userHashOf } from './privacy/hash-users.js';
import type { ServeRole } from './roles.js';
import { rolesOf, serveRoles } from './roles.js';
import { shareOf } from './share.js';
import { StartError } from './start-error.js';
import type { TlsFiles } from './tls.js';
import { ownTracesUrl } from './watch/own-traces-url.js';
import type { StoreAddress } from './store/client.js';
import { parseClickHouseUrl } from './store/client.js';
import type { Share } from './store/cuts.js';
import { existingPassword } from './store/embedded/credentials.js';
import { durationUs } from './store/questions/gate.js';
import type { Retention } from './store/retention.js';
import { DEFAULT_RETENTION } from './store/retention.js';

/** What `waybill serve` can be told; the contract is a file of its own. */
export interface ServeConfig {
  /** What this process is, of a fleet that shares one ClickHouse. */
  readonly roles: ReadonlySet<ServeRole>;
  /** The share of all traces that it audits. */
  readonly share: Share;
  readonly host: string;
  /** Whether others than this machine are served: only with keys. */
  readonly isWide: boolean;
  /** Null: it speaks in the clear. */
  readonly tls: TlsFiles | null;
  readonly otlpPort: number;
  /** OTLP/gRPC; null: it is left out. */
  readonly grpcPort: number | null;
  readonly apiPort: number;
  /** Of the embedded ClickHouse: this machine alone, whoever else is served. */
  readonly clickHouseHost: string;
  readonly clickHousePort: number;
  readonly clickHouseNativePort: number;
  readonly clickHouseMemoryBytes: number;
  readonly dataDir: string;
  /** The contract file; null: `waybill.yaml` where there is one, else the default contract. */
  readonly contract: string | null;
  /** A trace is settled when nothing has arrived for it for so long. */
  readonly quietMs: number;
  /** Who asks the API is told by then that ClickHouse does not answer. */
  readonly questionMs: number;
  /** From the moment at which it is no longer ready to that at which it takes no more, when told to stop. */
  readonly drainMs: number;
  /** For how long spans and calls are kept. */
  readonly retention: Retention;
  /** A server to use in place of the embedded one. */
  readonly clickHouse: StoreAddress | null;
  /** Puts something else in place of user ids; null: they are stored as they are named. */
  readonly hashUser: ((user: string) => string) | null;
  /** Where Waybill's own traces go; null: nowhere. */
  readonly ownTraces: URL | null;
  readonly logLevel: string;
}

/** The flags of `waybill serve`, as the command line gives them. */
export type ServeFlags = Readonly<Partial<Record<keyof typeof VARIABLES, string>>>;

/** The environment variable behind each flag. Flags win. */
const VARIABLES = {
  role: 'WAYBILL_ROLE',
  shard: 'WAYBILL_SHARD',
  shards: 'WAYBILL_SHARDS',
  host: 'WAYBILL_HOST',
  tlsCert: 'WAYBILL_TLS_CERT',
  tlsKey: 'WAYBILL_TLS_KEY',
  tlsClientCa: 'WAYBILL_TLS_CLIENT_CA',
  behindProxy: 'WAYBILL_BEHIND_PROXY',
  otlpPort: 'WAYBILL_OTLP_PORT',
  grpcPort: 'WAYBILL_GRPC_PORT',
  apiPort: 'WAYBILL_API_PORT',
  clickhousePort: 'WAYBILL_CLICKHOUSE_PORT',
  clickhouseNativePort: 'WAYBILL_CLICKHOUSE_NATIVE_PORT',
  data: 'WAYBILL_DATA',
  contract: 'WAYBILL_CONTRACT',
  quiet: 'WAYBILL_QUIET',
  drain: 'WAYBILL_DRAIN',
  logLevel: 'WAYBILL_LOG_LEVEL',
} as const;

const DEFAULT_MEMORY_BYTES = 2 * 1024 ** 3;

/**
 * Puts flags, environment and defaults together.
 *
 * @throws StartError that names the flag or variable and says what it takes
 */
export function serveConfig(flags: ServeFlags, env: NodeJS.ProcessEnv): ServeConfig {
  const text = (flag: keyof typeof VARIABLES): string | undefined => flags[flag] ?? set(env[VARIABLES[flag]]);
  const port = (flag: keyof typeof VARIABLES, fallback: number): number =>
    portOf(text(flag), flags[flag] === undefined ? VARIABLES[flag] : flagName(flag), fallback);
  const time = (flag: 'quiet' | 'drain', fallbackMs: number): number =>
    timeOf(text(flag), flags[flag] === undefined ? VARIABLES[flag] : flagName(flag), fallbackMs);
  const clickHouseUrl = set(env['CLICKHOUSE_URL']);
  const roles = rolesOf(text('role'));
  if (roles.size < serveRoles.length && clickHouseUrl === undefined) {
    throw new StartError(
      `--role ${[...roles].join(',')}: the processes of a fleet share one ClickHouse. Name it with CLICKHOUSE_URL.`,
    );
  }
  const host = text('host') ?? '127.0.0.1';
  const isWide = !isLoopback(host);
  const tls = tlsOf(text('tlsCert'), text('tlsKey'), text('tlsClientCa'));
  if (isWide && tls === null && !isYes(text('behindProxy'))) {
    throw new StartError(
      `Refusing to listen on ${host} in the clear: keys and costs could be read on the way. ` +
        'Give --tls-cert and --tls-key, say --behind-proxy where a proxy in front does TLS, or listen on 127.0.0.1.',
    );
  }
  const hostname = set(env['HOSTNAME']);
  return {
    roles,
    share: roles.has('auditor')
      ? shareOf({ shard: text('shard'), shards: text('shards'), hostname })
      : { index: 0, of: 1 },
    host,
    isWide,
    tls,
    otlpPort: port('otlpPort', 4318),
    grpcPort: ['0', 'off'].includes(text('grpcPort') ?? '') ? null : port('grpcPort', 4317),
    apiPort: port('apiPort', 4319),
    clickHouseHost: isWide || !isIPv4(host) ? '127.0.0.1' : host,
    clickHousePort: port('clickhousePort', 8123),
    clickHouseNativePort: port('clickhouseNativePort', 9000),
    clickHouseMemoryBytes: bytesOf(set(env['WAYBILL_CLICKHOUSE_MEMORY'])),
    dataDir: text('data') ?? '.waybill',
    contract: text('contract') ?? null,
    quietMs: time('quiet', 5_000),
    questionMs: timeOf(set(env['WAYBILL_QUESTION_TIMEOUT']), 'WAYBILL_QUESTION_TIMEOUT', 10_000),
    drainMs: time('drain', 0),
    retention: retentionOf(set(env['WAYBILL_RETENTION_SPANS']), set(env['WAYBILL_RETENTION_CALLS'])),
    clickHouse: clickHouseOf(clickHouseUrl, set(env['WAYBILL_CLICKHOUSE_CLUSTER'])),
    hashUser: userHashOf(env),
    ownTraces: ownTracesUrl(env, port('otlpPort', 4318)),
    logLevel: levelOf(text('logLevel')),
  };
}

/** A variable that is set to nothing is not set: compose files and shells pass them on like that. */
function set(variable: string | undefined): string | undefined {
  return variable === '' ? undefined : variable;
}

function flagName(flag: keyof typeof VARIABLES): string {
  return `--${flag
    .replace('clickhouse', 'clickhouse-')
    .replace(/-?([A-Z])/g, (_, letter: string) => `-${letter.toLowerCase()}`)}`;
}

/** The flags that say where the ClickHouse of a running Waybill is. */
export type StoreFlags = Pick<ServeFlags, 'data' | 'clickhousePort'>;

/**
 * Where the ClickHouse of a running Waybill is, and as whom to speak to it.
 *
 * @throws StartError where there is no data directory, or a flag or variable is wrong
 */
export async function storeAddress(flags: StoreFlags, env: NodeJS.ProcessEnv): Promise<StoreAddress> {
  const { clickHouse, dataDir, clickHouseHost, clickHousePort } = serveConfig(flags, env);
  if (clickHouse !== null) return clickHouse;
  const password = await existingPassword(dataDir);
  if (password === null) {
    throw new StartError(
      `There is no data of Waybill in ${dataDir}. Name its directory with --data, or its server with CLICKHOUSE_URL.`,
    );
  }
  return {
    url: `http://${clickHouseHost}:${clickHousePort}`,
    username: 'waybill',
    password,
    database: 'waybill',
  };
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

function levelOf(text = 'info'): string {
  if (LEVELS.includes(text)) return text;
  throw new StartError(`There is no log level '${text}'; there are ${LEVELS.join(', ')}.`);
}

function tlsOf(cert: string | undefined, key: string | undefined, clientCa: string | undefined): TlsFiles | null {
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa: clientCa ?? null };
  if (cert === undefined && key === undefined && clientCa === undefined) return null;
  throw new StartError('TLS takes a certificate and its key: give both, --tls-cert and --tls-key.');
}

/** A flag is there or not; a variable says so. */
function isYes(text: string | boolean | undefined): boolean {
  return text === true || ['1', 'true', 'yes', 'on'].includes(String(text));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && host === '::1');
}

function portOf(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StartError(`${name}: '${text}' is no port; ports are whole numbers from 1 to 65535.`);
}

/** Reads an amount of memory such as `2GiB`, `512MiB` or a number of bytes. */
function bytesOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_MEMORY_BYTES;
  const match = /^(\d+)\s*(|[KMG]i?B?)$/i.exec(text.trim());
  const unit = 1024 ** ' KMG'.indexOf((match?.[2]?.[0] ?? ' ').toUpperCase());
  const bytes = Number(match?.[1]) * unit;
  if (bytes >= 256 * 1024 ** 2) return bytes;
  throw new StartError(`WAYBILL_CLICKHOUSE_MEMORY: '${text}' will not do; give at least 256MiB, for example 2GiB.`);
}

function timeOf(text: string | undefined, name: string, fallbackMs: number): number {
  try {
    return text === undefined ? fallbackMs : durationUs(text) / 1_000;
  } catch (error) {
    throw new StartError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Calls are made from spans: one that went before its spans would be back with their next audit. */
function retentionOf(spans: string | undefined, calls: string | undefined): Retention {
  const spanDays = daysOf(spans, 'WAYBILL_RETENTION_SPANS', DEFAULT_RETENTION.spanDays);
  const callDays = daysOf(calls, 'WAYBILL_RETENTION_CALLS', Math.max(DEFAULT_RETENTION.callDays, spanDays));
  if (callDays >= spanDays) return { spanDays, callDays };
  throw new StartError(
    `WAYBILL_RETENTION_CALLS: calls cannot be kept for ${callDays} days where spans are kept for ${spanDays} (WAYBILL_RETENTION_SPANS). Give it as many or more.`,
  );
}

const MOST_DAYS = 3_650;

function daysOf(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  const days = Number(/^(\d+)d$/.exec(text.trim())?.[1]);
  // A trace may go on over midnight.
  if (days >= 2 && days <= MOST_DAYS) return days;
  throw new StartError(`${name}: '${text}' will not do; give whole days from 2d to ${MOST_DAYS}d, for example 30d.`);
}

function clickHouseOf(url: string | undefined, cluster: string | undefined): StoreAddress | null {
  if (cluster !== undefined && !/^[A-Za-z_]\w*$/.test(cluster)) {
    throw new StartError(
      `WAYBILL_CLICKHOUSE_CLUSTER: '${cluster}' will not do; letters, digits and _ are allowed, and no digit at the start.`,
    );
  }
  if (url === undefined) {
    if (cluster === undefined) return null;
    throw new StartError('WAYBILL_CLICKHOUSE_CLUSTER needs CLICKHOUSE_URL: any server of the cluster.');
  }
  try {
    return { ...parseClickHouseUrl(url), ...(cluster === undefined ? {} : { cluster }) };
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}
