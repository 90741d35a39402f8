import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ClickHouseClient } from '@clickhouse/client';
import { ClickHouseError, createClient } from '@clickhouse/client';
import { QueryRefused, StoreUnavailable } from './errors.js';

/** Where ClickHouse is, and as whom to speak to it. */
export interface StoreAddress {
  /** HTTP interface, such as `http://127.0.0.1:8123`, without credentials. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

export type QueryParameters = Readonly<Record<string, unknown>>;

/** The few ways in which everything here speaks to ClickHouse. Values are always bound parameters. */
export interface Store extends AsyncDisposable {
  readonly database: string;
  /** Runs a statement that answers nothing. */
  readonly command: (sql: string, params?: QueryParameters) => Promise<void>;
  /** Rows as JSON objects; 64-bit integers and decimals come as strings. */
  readonly rows: (sql: string, params?: QueryParameters) => Promise<unknown[]>;
  /** Rows as RowBinary, for reading in bulk. The statement names no format. */
  readonly selectRowBinary: (sql: string, params?: QueryParameters) => Promise<Uint8Array>;
  /** One insert, resolved when it is durable. Table and columns come from our own code, never from outside. */
  readonly insertRowBinary: (table: string, columns: readonly string[], body: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

const REQUEST_TIMEOUT_MS = 60_000;

/**
 * ClickHouse's error codes that tell of its state and not of the request: too many parts or queries, memory, disk,
 * read-only, shutting down, network. https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
 */
const PASSING = new Set([
  '23',
  '32',
  '159',
  '164',
  '202',
  '203',
  '209',
  '210',
  '236',
  '241',
  '242',
  '243',
  '252',
  '279',
  '319',
  '425',
  '439',
  '999',
]);

/**
 * Connects to ClickHouse over HTTP. Every call rejects with `StoreUnavailable` when asking again later may help, and
 * with `QueryRefused` when not.
 */
export function connectStore(address: StoreAddress): Store {
  const client: ClickHouseClient = createClient({
    url: address.url,
    username: address.username,
    password: address.password,
    database: address.database,
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: 16,
    compression: { request: false, response: false },
    keep_alive: { enabled: true, idle_socket_ttl: 2_000 },
    // The client's own log lines repeat what is thrown.
    log: { level: 127 },
    clickhouse_settings: { date_time_input_format: 'best_effort', output_format_json_quote_64bit_integers: 1 },
  });
  return {
    database: address.database,
    command: (sql, params) =>
      attempt(async () => {
        await client.command({ query: sql, ...parameters(params) });
      }),
    rows: (sql, params) =>
      attempt(async () =>
        (await client.query({ query: sql, format: 'JSONEachRow', ...parameters(params) })).json<unknown>(),
      ),
    selectRowBinary: (sql, params) =>
      attempt(async () => {
        const { stream } = await client.exec({ query: `${sql}\nFORMAT RowBinary`, ...parameters(params) });
        return buffer(stream);
      }),
    insertRowBinary: (table, columns, body) =>
      attempt(async () => {
        const { stream } = await client.exec({
          query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT RowBinary`,
          values: Readable.from([body], { objectMode: false }),
        });
        await buffer(stream);
      }),
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

function parameters(params?: QueryParameters): { query_params?: Record<string, unknown> } {
  return params === undefined ? {} : { query_params: { ...params } };
}

async function attempt<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ClickHouseError && !PASSING.has(error.code)) {
      throw new QueryRefused(`ClickHouse refused a query: ${error.message}`, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailable(`ClickHouse does not answer: ${reason}`, { cause: error });
  }
}

/**
 * Reads `CLICKHOUSE_URL`: `http://user:password@host:8123/database`. User and database default to ClickHouse's
 * `default` and to `waybill`.
 *
 * @throws Error that says what is wrong with it, without repeating the password
 */
export function parseClickHouseUrl(text: string): StoreAddress {
  if (!URL.canParse(text))
    throw new Error('CLICKHOUSE_URL is not a URL; it looks like http://user:password@host:8123/waybill.');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(
      `CLICKHOUSE_URL begins with ${url.protocol}// but Waybill speaks HTTP to ClickHouse: use http:// or https://.`,
    );
  }
  const database = url.pathname.replaceAll('/', '') || 'waybill';
  if (!/^\w+$/.test(database))
    throw new Error(`CLICKHOUSE_URL names the database '${database}'; letters, digits and _ are allowed.`);
  return {
    url: url.origin,
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
    database,
  };
}
