import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Store } from './client.js';
import { QueryRefused } from './errors.js';
import {
  DELETED,
  DELETED_OF_TENANT,
  NAMED,
  OWNER,
  OWN_WHOLE,
  RECORD_NAMES_IT,
  SHARED,
  SPANS,
  VALUE,
  VALUES_OF_SPAN,
  WHOLE,
  WHOLE_OR_SPANS,
  WIPED,
  WIPED_FIELDS,
  WIPED_KEYS,
} from './forget-sql.js';

/** Whom to forget. */
export interface Subject {
  readonly kind: 'tenant' | 'user';
  readonly value: string;
  /** The span attributes that may hold the value, by the contract. */
  readonly keys: readonly string[];
}

/** How much is stored of a subject. */
export interface Stored {
  /** Traces that are deleted whole: no call in them is another's. */
  readonly traces: number;
  /** Traces that are kept, since calls in them are others': of these, its calls are deleted and its name is wiped out. */
  readonly sharedTraces: number;
  readonly calls: number;
  readonly spans: number;
  readonly records: number;
  readonly gates: number;
  readonly alerts: number;
}

/** What arrives, or is audited, while it is deleted is found by another look; who goes on sending is never done. */
const MOST_ROUNDS = 5;
const POLL_MS = 50;

/**
 * Counts what is stored of a tenant or user, and deletes nothing.
 *
 * @throws StoreUnavailable
 */
export async function countStored(store: Store, subject: Subject): Promise<Stored> {
  await note(store, subject);
  try {
    return await look(store, subject);
  } finally {
    await dropNotes(store);
  }
}

/**
 * Deletes what is stored of a tenant or user, beside a running Waybill, and resolves when no part that is read holds
 * any of it. ClickHouse removes the files of the parts before within some ten minutes.
 *
 * A trace is deleted whole where no call in it is another's. Where one is, the subject's calls are deleted with their
 * spans, and everything else stays, with `(forgotten)` in place of the name: nobody else's spend may change. Other
 * texts that name it, such as answers of the gate, are wiped likewise.
 *
 * @returns what was deleted
 * @throws QueryRefused where something of it keeps arriving
 */
export async function forget(store: Store, subject: Subject): Promise<Stored> {
  let all: Stored | null = null;
  // Of one whose command was ended before it was done.
  await stopMutations(store);
  await note(store, subject);
  try {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const stored = await look(store, subject);
      if (all !== null && isNothing(stored)) return all;
      all = all === null ? stored : sumOfStored(all, stored);
      await remove(store, subject);
    }
    throw new QueryRefused(`Spans of this ${subject.kind} keep arriving. Stop what sends them, and ask again.`);
  } finally {
    await stopMutations(store);
    await dropNotes(store);
  }
}

async function note(store: Store, { value, keys }: Subject): Promise<void> {
  await dropNotes(store);
  await store.command(
    'CREATE TABLE forgetting_whom (value String, keys Array(String), pattern String) ENGINE = Memory',
  );
  await store.command(
    "CREATE TABLE forgetting (trace_id FixedString(32), span_id String, fate Enum8('trace' = 1, 'shared' = 2, 'span' = 3)) ENGINE = Memory",
  );
  await store.command('INSERT INTO forgetting_whom SELECT {value: String}, {keys: Array(String)}, {pattern: String}', {
    value,
    keys,
    pattern: patternOf(value),
  });
}

/** The value as a word in a text, with what is before and after it; not as the name of a field of JSON. */
function patternOf(value: string): string {
  const spellings = new Set([value, JSON.stringify(value).slice(1, -1)]);
  const words = [...spellings].map((one) => one.replaceAll(/[\\^$.|?*+()[\]{}-]/g, String.raw`\$&`));
  return String.raw`(^|[\s'"(,\[])(?:${words.join('|')})($|["\\]+[^:"\\]|["\\]+$|[\s',;.:)\]])`;
}

async function dropNotes(store: Store): Promise<void> {
  await store.command('DROP TABLE IF EXISTS forgetting SYNC');
  await store.command('DROP TABLE IF EXISTS forgetting_whom SYNC');
}

/** Finds the traces and spans, and what is to become of them. */
async function look(store: Store, { kind }: Subject): Promise<Stored> {
  const owner = OWNER[kind];
  await store.command('TRUNCATE TABLE forgetting');
  await store.command(`
    INSERT INTO forgetting
    WITH
        found AS
        (
            SELECT trace_id FROM calls FINAL WHERE ${NAMED[kind]}
            UNION DISTINCT SELECT trace_id FROM spans WHERE has(${VALUES_OF_SPAN}, ${VALUE})
        ),
        others AS
        (
            SELECT trace_id FROM calls FINAL WHERE trace_id IN (SELECT trace_id FROM found) AND ${owner} NOT IN ('', ${VALUE})
            UNION DISTINCT SELECT trace_id FROM spans
            WHERE trace_id IN (SELECT trace_id FROM found)
              AND dialect != ''
              AND arrayExists(one -> one NOT IN ('', ${VALUE}), ${VALUES_OF_SPAN})
        )
    SELECT trace_id, '', if(trace_id IN (SELECT trace_id FROM others), 'shared', 'trace') FROM found`);
  await store.command(`
    INSERT INTO forgetting
    WITH kept AS
    (
        SELECT trace_id, arrayJoin(arrayPushBack(arrayPushBack(echo_span_ids, usage_span_id), toString(span_id))) AS span_id
        FROM calls FINAL
        WHERE trace_id IN ${SHARED} AND ${owner} NOT IN ('', ${VALUE})
    )
    SELECT trace_id, span_id, 'span'
    FROM
    (
        SELECT trace_id, arrayJoin(arrayPushBack(arrayPushBack(echo_span_ids, usage_span_id), toString(span_id))) AS span_id
        FROM calls FINAL
        WHERE trace_id IN ${SHARED} AND ${owner} = ${VALUE}
        UNION DISTINCT
        SELECT trace_id, toString(span_id) FROM spans
        WHERE trace_id IN ${SHARED}
          AND dialect != ''
          AND has(${VALUES_OF_SPAN}, ${VALUE})
          AND NOT arrayExists(one -> one NOT IN ('', ${VALUE}), ${VALUES_OF_SPAN})
    )
    WHERE (trace_id, span_id) NOT IN (SELECT trace_id, span_id FROM kept)`);
  // Records of gateways: those that name it, and those that stand in what is deleted, with the trace of their own.
  await store.command(`
    INSERT INTO forgetting
    SELECT own_trace_id, '', 'trace'
    FROM payloads
    WHERE own_span_id IN (SELECT span_id FROM spans WHERE scope_name = 'waybill.record' AND (trace_id IN ${WHOLE} OR (trace_id, span_id) IN ${SPANS}))
       OR (${RECORD_NAMES_IT} AND own_span_id NOT IN (SELECT span_id FROM spans WHERE scope_name = 'waybill.record' AND trace_id IN ${SHARED}))`);
  const rows = await store.rows(`
    SELECT
        (SELECT uniqExact(trace_id) FROM forgetting WHERE fate = 'trace') AS traces,
        (SELECT uniqExact(trace_id) FROM forgetting WHERE fate = 'shared') AS sharedTraces,
        (SELECT count() FROM calls FINAL WHERE ${WHOLE_OR_SPANS}) AS calls,
        (SELECT count() FROM spans FINAL WHERE ${WHOLE_OR_SPANS}) AS spans,
        (SELECT count() FROM payloads FINAL WHERE ${OWN_WHOLE}) AS records,
        (SELECT count() FROM gates WHERE ${kind === 'tenant'} AND tenant = ${VALUE}) AS gates,
        (SELECT count() FROM alerts FINAL WHERE ${kind === 'tenant'} AND tenant = ${VALUE}) AS alerts`);
  return storedSchema.parse(rows[0]);
}

const storedSchema = z.object({
  traces: z.coerce.number(),
  sharedTraces: z.coerce.number(),
  calls: z.coerce.number(),
  spans: z.coerce.number(),
  records: z.coerce.number(),
  gates: z.coerce.number(),
  alerts: z.coerce.number(),
});

async function remove(store: Store, { kind }: Subject): Promise<void> {
  const deleted = kind === 'tenant' ? [...DELETED, ...DELETED_OF_TENANT] : DELETED;
  for (const statements of deleted) {
    await Promise.all(Object.entries(statements).map(([table, where]) => mutate(store, table, 'DELETE', where)));
  }
  const wiped = kind === 'tenant' ? { ...WIPED, keys: WIPED_KEYS } : WIPED;
  await Promise.all(
    Object.entries(wiped).map(([table, { set, where }]) => {
      const fields = table === 'calls' ? [...set, ...WIPED_FIELDS[kind]] : set;
      return mutate(store, table, `UPDATE ${fields.join(', ')}`, where);
    }),
  );
}

const mutationSchema = z.array(z.object({ isDone: z.coerce.boolean(), failure: z.string() }));

/** Rewrites the parts of a table, and waits for it, however long it takes: no answer of HTTP is waited for so long. */
async function mutate(store: Store, table: string, change: string, where: string): Promise<void> {
  if ((await store.rows(`SELECT 1 FROM ${table} WHERE ${where} LIMIT 1`)).length === 0) return;
  await store.command(`ALTER TABLE ${table} ${change} WHERE ${where} SETTINGS mutations_sync = 0`);
  for (;;) {
    const unfinished = mutationSchema.parse(
      await store.rows(
        `
        SELECT is_done AS isDone, latest_fail_reason AS failure
        FROM system.mutations
        WHERE database = currentDatabase() AND table = {table: String} AND NOT is_done AND command LIKE '%forgetting%'`,
        { table },
      ),
    );
    if (unfinished.length === 0) return;
    const failed = unfinished.find(({ failure }) => failure !== '');
    if (failed !== undefined) throw new QueryRefused(`The rows of ${table} cannot be rewritten: ${failed.failure}`);
    await sleep(POLL_MS);
  }
}

/** One that cannot finish would stand in the way of every later one. */
async function stopMutations(store: Store): Promise<void> {
  await store.rows(
    "KILL MUTATION WHERE database = currentDatabase() AND NOT is_done AND command LIKE '%forgetting%' SYNC",
  );
}

function isNothing(stored: Stored): boolean {
  return Object.values(stored).every((count) => count === 0);
}

/** What two times together deleted. */
export function sumOfStored(one: Stored, other: Stored): Stored {
  return {
    traces: one.traces + other.traces,
    sharedTraces: Math.max(one.sharedTraces, other.sharedTraces),
    calls: one.calls + other.calls,
    spans: one.spans + other.spans,
    records: one.records + other.records,
    gates: one.gates + other.gates,
    alerts: one.alerts + other.alerts,
  };
}
