import * as z from 'zod';
import type { Store } from './client.js';

/** What the calls of days came to, for the questions that have asked: kept in memory, and never wrong. */
export interface DaySums {
  /**
   * The state of each stored day: it changes with every row of `calls` that is written, replaced or deleted. Questions
   * that are asked at once are told by one query, which begins after all of them.
   */
  readonly states: () => Promise<ReadonlyMap<number, string>>;
  /** @returns undefined where it is neither kept nor being found, or the day has changed since */
  readonly get: <Row>(key: string, state: string, schema: z.ZodType<Row>) => DayRows<Row> | undefined;
  /** @param rows as the schema parsed them, or will have; what rejects is not kept */
  readonly put: <Row>(key: string, state: string, schema: z.ZodType<Row>, rows: Promise<readonly Row[] | null>) => void;
  /** Whether more can be kept without forgetting any. */
  readonly hasRoom: () => boolean;
}

/** What a day came to; a promise: another question is finding it; null: it cannot be kept. */
export type DayRows<Row> = readonly Row[] | null | Promise<readonly Row[] | null>;

interface Kept {
  readonly state: string;
  readonly schema: z.ZodType;
  readonly rows: DayRows<unknown>;
  readonly bytes: number;
}

/** Objects take so many times the bytes of their JSON, about. */
const BYTES_PER_LETTER = 3;

const MOST_BYTES = 64 * 1_024 ** 2;

/** Of which so much may be taken by what nobody has asked for yet. */
const ROOM = 3 / 4;

const stateSchema = z.array(z.object({ day: z.coerce.number(), state: z.string() }));

/**
 * Keeps the sums of days for the questions that are asked of a store, within bounds: what was not asked for longest
 * goes first.
 *
 * A day's state is a hash over the parts of its partition, by name and content. What is kept under a state that is
 * no longer the day's is never found again, so a late audit, a merge or a forgotten tenant makes the day be asked anew.
 * Where the server is not alone, as with replicas, its parts say nothing about the next answer, and nothing is kept.
 */
export function createDaySums(store: Pick<Store, 'rows'>, mostBytes = MOST_BYTES): DaySums {
  const all = new Map<string, Kept>();
  let bytes = 0;
  const forget = (key: string): void => {
    bytes -= all.get(key)?.bytes ?? 0;
    all.delete(key);
  };
  const keep = (key: string, one: Kept): void => {
    forget(key);
    all.set(key, one);
    bytes += one.bytes;
  };
  const forgetOldest = (): void => {
    for (const oldest of all.keys()) {
      if (bytes <= mostBytes) return;
      forget(oldest);
    }
  };
  return {
    states: askedTogether(async () => {
      const rows = await store.rows(`
        SELECT
            toUInt16(toDateOrZero(partition)) AS day,
            toString(sipHash128(arraySort(groupArray((name, hash_of_all_files))))) AS state
        FROM system.parts
        WHERE database = currentDatabase() AND table = 'calls' AND active AND engine = 'ReplacingMergeTree'
        GROUP BY day`);
      return new Map(stateSchema.parse(rows).map(({ day, state }) => [day, state]));
    }),
    get: (key, state, schema) => {
      const found = all.get(key);
      if (found?.state !== state) return undefined;
      keep(key, found);
      return areOf(schema, found.schema, found.rows) ? found.rows : undefined;
    },
    put: (key, state, schema, rows) => {
      const asked: Kept = { state, schema, rows, bytes: 0 };
      keep(key, asked);
      rows.then(
        (answer) => {
          // It may have been put again since, under another state.
          if (all.get(key) !== asked) return;
          keep(key, { ...asked, rows: answer, bytes: BYTES_PER_LETTER * (key.length + lettersOf(answer)) });
          forgetOldest();
        },
        () => {
          if (all.get(key) === asked) forget(key);
        },
      );
    },
    hasRoom: () => bytes < ROOM * mostBytes,
  };
}

/** Asks once for all who ask before it begins. It runs one at a time, and never answers who came while it ran. */
function askedTogether<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  const begin = (): Promise<T> => {
    next = null;
    return ask();
  };
  return () => {
    if (next === null) {
      next = running.then(begin, begin);
      running = next;
    }
    return next;
  };
}

/** What a schema has parsed is of its type. */
function areOf<Row>(schema: z.ZodType<Row>, parsedBy: z.ZodType, _rows: DayRows<unknown>): _rows is DayRows<Row> {
  return parsedBy === schema;
}

function lettersOf(rows: readonly unknown[] | null): number {
  return JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).length;
}
