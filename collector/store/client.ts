import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { BaseQueryParams, ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { ClickHouseError, createClient } from '@clickhouse/client';
import { notWithin } from './answered-within.js';
import type { DaySums } from './day-sums.js';
import { QueryRefused, StoreUnavailable } from './errors.js';

/** Where ClickHouse is, and as whom to speak to it. */
export interface StoreAddress {
  /** HTTP interface, such as `http://127.0.0.1:8123`, without credentials. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** A cluster of its `<remote_servers>` that the database is spread over; left out: it is that server's alone. */
  readonly cluster?: string;
}

export type QueryParameters = Readonly<Record<string, unknown>>;

/** The few ways in which everything here speaks to ClickHouse. Values are always bound parameters. */
export interface Store extends AsyncDisposable {
  readonly database: string;
  /** Left out: it is one server. */
  readonly cluster?: string;
  /** The only tenants of which anything may be seen through it; left out: all. */
  readonly within?: readonly string[];
  /** What days came to, kept for the next question; left out: nothing is kept. */
  readonly daySums?: DaySums;
  /** Runs a statement that answers nothing. */
  readonly command: (sql: string, params?: QueryParameters) => Promise<void>;
  /** Rows as JSON objects; 64-bit integers and decimals come as strings. */
  readonly rows: (sql: string, params?: QueryParameters) => Promise<unknown[]>;
  /** Rows as RowBinary, for reading in bulk. The statement names no format. */
  readonly selectRowBinary: (sql: string, params?: QueryParameters) => Promise<Uint8Array>;
  /**
   * One insert, resolved when it is durable. Table and columns come from our own code, never from outside. One that is
   * not answered within `withinMs` is given up; ClickHouse may have it all the same.
   */
  readonly insertRowBinary: (
    table: string,
    columns: readonly string[],
    body: Uint8Array,
    withinMs?: number,
  ) => Promise<void>;
  /**
   * Begins a query that goes on until its answer is destroyed, or this process ends.
   *
   * @param id that no other query of the server may have meanwhile
   * @param purpose is told to whoever finds it
   * @returns its answer; null: another query has this id
   */
  readonly hold: (id: string, purpose: string) => Promise<Readable | null>;
  readonly close: () => Promise<void>;
}

const REQUEST_TIMEOUT_MS = 60_000;
const HEAD_LENGTH = 60;
/** ClickHouse's QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING. */
const ID_IS_TAKEN = '216';

/**
 * ClickHouse's error codes that tell of its state and not of the request: overload, memory, disk, network, shutting
 * down, a password that is being changed, an error of its own. A sender that is told to wait keeps its spans; one that
 * is refused throws them away, so what may pass counts as passing.
 * https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
 */
export const passingErrors: Readonly<Record<string, string>> = {
  '75': 'CANNOT_WRITE_TO_FILE_DESCRIPTOR',
  '76': 'CANNOT_OPEN_FILE',
  '159': 'TIMEOUT_EXCEEDED',
  '164': 'READONLY',
  '192': 'UNKNOWN_USER',
  '193': 'WRONG_PASSWORD',
  '194': 'REQUIRED_PASSWORD',
  '198': 'DNS_ERROR',
  '201': 'QUOTA_EXCEEDED',
  '202': 'TOO_MANY_SIMULTANEOUS_QUERIES',
  '203': 'NO_FREE_CONNECTION',
  '209': 'SOCKET_TIMEOUT',
  '210': 'NETWORK_ERROR',
  '225': 'NO_ZOOKEEPER',
  '236': 'ABORTED',
  '241': 'MEMORY_LIMIT_EXCEEDED',
  '242': 'TABLE_IS_READ_ONLY',
  '243': 'NOT_ENOUGH_SPACE',
  '252': 'TOO_MANY_PARTS',
  '279': 'ALL_CONNECTION_TRIES_FAILED',
  '285': 'TOO_FEW_LIVE_REPLICAS',
  '286': 'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE',
  '319': 'UNKNOWN_STATUS_OF_INSERT',
  '394': 'QUERY_WAS_CANCELLED',
  '425': 'SYSTEM_ERROR',
  '439': 'CANNOT_SCHEDULE_TASK',
  '473': 'DEADLOCK_AVOIDED',
  '499': 'S3_ERROR',
  '516': 'AUTHENTICATION_FAILED',
  '745': 'SERVER_OVERLOADED',
  '999': 'KEEPER_EXCEPTION',
  '1000': 'POCO_EXCEPTION',
  '1001': 'STD_EXCEPTION',
  '1002': 'UNKNOWN_EXCEPTION',
};

const clusterSettings: ClickHouseSettings = {
  // An answer has to mean that every shard has its rows.
  distributed_foreground_insert: 1,
  // What is asked for within a question is found once, from all shards, and sent to each.
  distributed_product_mode: 'global',
  optimize_skip_unused_shards: 1,
  // A sum without a shard would be a wrong sum.
  skip_unavailable_shards: 0,
};

/**
 * Connects to ClickHouse over HTTP. Every call rejects with `StoreUnavailable` when asking again later may help, and
 * with `QueryRefused` when not.
 *
 * @param answerWithinMs who is not answered by then is told so, and ClickHouse is not kept at work for nobody
 */
export function connectStore(address: StoreAddress, answerWithinMs: number = REQUEST_TIMEOUT_MS): Store {
  const client: ClickHouseClient = createClient({
    url: address.url,
    username: address.username,
    password: address.password,
    database: address.database,
    // Who is to be answered sooner is told so below, in words of our own: of two timers at once either may come first.
    request_timeout: Math.max(answerWithinMs, REQUEST_TIMEOUT_MS),
    max_open_connections: 16,
    compression: { request: false, response: false },
    keep_alive: { enabled: true, idle_socket_ttl: 2_000 },
    // The client's own log lines repeat what is thrown.
    log: { level: 127 },
    clickhouse_settings: {
      // Recent servers gather inserts by themselves, and a user's profile may even have them answered before they are
      // written. Ours are gathered already, and an answer has to mean that they are durable.
      async_insert: 0,
      wait_for_async_insert: 1,
      // What replaces an older row is found when parts are merged, and by FINAL: looking for it in each insert as well
      // costs ClickHouse a tenth of its time.
      optimize_on_insert: 0,
      // The rows that views make of an insert are written beside it: each part waits for the disk some ten times.
      parallel_view_processing: 1,
      date_time_input_format: 'best_effort',
      output_format_json_quote_64bit_integers: 1,
      output_format_json_quote_decimals: 1,
      ...(address.cluster === undefined ? {} : clusterSettings),
      ...(answerWithinMs < REQUEST_TIMEOUT_MS ? { max_execution_time: Math.ceil(answerWithinMs / 1_000) } : {}),
    },
  });
  // The client's own time-out is one of silence, and begins when a connection is free, which may be late.
  const bounded = async <T>(
    sql: string,
    action: (abort: Abort) => Promise<T>,
    withinMs = answerWithinMs,
  ): Promise<T> => {
    if (withinMs >= REQUEST_TIMEOUT_MS) return attempt(sql, () => action({}));
    const late = AbortSignal.timeout(withinMs);
    try {
      return await attempt(sql, () => action({ abort_signal: late }));
    } catch (error) {
      throw late.aborted ? notWithin(withinMs) : error;
    }
  };
  return {
    database: address.database,
    ...(address.cluster === undefined ? {} : { cluster: address.cluster }),
    command: (sql, params) =>
      bounded(sql, async (abort) => {
        await client.command({ query: sql, ...parameters(params), ...abort });
      }),
    rows: (sql, params) =>
      bounded(sql, async (abort) =>
        (await client.query({ query: sql, format: 'JSONEachRow', ...parameters(params), ...abort })).json<unknown>(),
      ),
    selectRowBinary: (sql, params) =>
      bounded(sql, async (abort) => {
        const { stream } = await client.exec({
          query: `${sql}\nFORMAT RowBinary`,
          ...parameters(params),
          ...abort,
          // Else an error half way would come in the middle of the rows, and older servers send it as if it were rows.
          clickhouse_settings: { wait_end_of_query: 1 },
        });
        return buffer(stream);
      }),
    insertRowBinary: (table, columns, body, withinMs) => {
      const query = `INSERT INTO ${table} (${columns.join(', ')}) FORMAT RowBinary`;
      return bounded(
        query,
        async (abort) => {
          const values = Readable.from([body], { objectMode: false });
          const { stream } = await client.exec({ query, values, ...abort });
          await buffer(stream);
        },
        withinMs,
      );
    },
    hold: async (id, purpose) => {
      // A row now and then, so that either side notices when the other is gone.
      const query = 'SELECT sleepEachRow(0.2) FROM system.numbers FORMAT RowBinary';
      const settings: ClickHouseSettings = {
        log_comment: purpose,
        max_execution_time: 0,
        max_block_size: '1',
        http_response_buffer_size: '1',
        function_sleep_max_microseconds_per_block: '0',
        cancel_http_readonly_queries_on_client_close: 1,
      };
      try {
        return (await client.exec({ query, query_id: id, clickhouse_settings: settings })).stream;
      } catch (error) {
        if (error instanceof ClickHouseError && error.code === ID_IS_TAKEN) return null;
        return attempt(query, () => Promise.reject(error));
      }
    },
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** By what a request is given up before it is answered. */
type Abort = Pick<BaseQueryParams, 'abort_signal'>;

function parameters(params?: QueryParameters): { query_params?: Record<string, unknown> } {
  return params === undefined ? {} : { query_params: { ...params } };
}

async function attempt<T>(sql: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    // A mistake of ours, which no waiting will mend.
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    if (error instanceof ClickHouseError && !isPassing(error)) {
      throw new QueryRefused(`ClickHouse refused '${headOf(sql)}': ${error.message}`, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailable(`ClickHouse does not answer: ${reason}`, { cause: error });
  }
}

/** Rows that end too early have this code, too, and are never taken; another server that died says whom it was heard from. */
const READ_AFTER_EOF = '32';

function isPassing({ code, message }: ClickHouseError): boolean {
  return code in passingErrors || (code === READ_AFTER_EOF && message.includes('while receiving packet from'));
}

/** The beginning of a statement, on one line, so that an error tells what was being done. */
function headOf(sql: string): string {
  const line = sql.replaceAll(/\s+/g, ' ').trim();
  return line.length <= HEAD_LENGTH ? line : `${line.slice(0, HEAD_LENGTH)}…`;
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
  if (!/^[A-Za-z_]\w*$/.test(database)) {
    throw new Error(
      `CLICKHOUSE_URL names the database '${database}'; letters, digits and _ are allowed, and no digit at the start.`,
    );
  }
  return {
    url: url.origin,
    username: decoded(url.username) || 'default',
    password: decoded(url.password),
    database,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new Error('CLICKHOUSE_URL has a % in its user or password that begins no code; write it as %25.', {
      cause: error,
    });
  }
}
