import * as z from 'zod';
import type { Scope } from '../../../schemas/gate.js';
import type { QueryParameters, Store } from '../client.js';
import type { DayRows } from '../day-sums.js';
import type { Window } from './scope.js';
import { boundsOf, DAY_US, daysOf, scopedCalls } from './scope.js';

/** A question whose answer is put together from what it is for each day. */
export interface DailyQuestion<Row> {
  /** No other question has it. */
  readonly name: string;
  /** SQL for its rows, each with the day as `filed`, which is `FILED`. @param where of `calls FINAL` */
  readonly sql: (where: string) => string;
  /** Only about what of a day that is cut by the window; whole days come to the same whatever these are. */
  readonly params?: QueryParameters;
  readonly row: z.ZodType<Row>;
}

/** A row, of which day it is, and whether it is about all of the day. */
export interface OfDay<Row> {
  readonly day: number;
  readonly isWhole: boolean;
  readonly row: Row;
}

/**
 * SQL for the day that a call is filed under, which is the day that it began on; less than 0 where a whole day has a
 * call that is filed under it for another reason, and so belongs to other windows than the day.
 */
export const FILED =
  'if(has({wholeDays: Array(UInt16)}, toUInt16(calls.day)) AND toDate(start_time) != calls.day, -1 - toInt32(calls.day), toInt32(calls.day))';

const filedSchema = z.object({ filed: z.coerce.number() });

/**
 * Answers a question for each day of a window. What is kept of days that lie in it whole is not looked for again; all
 * that is missing is found by one query.
 *
 * @param isCut says of a day that lies in the window whether the question is about parts of it all the same
 */
export async function askByDay<Row>(
  store: Store,
  question: DailyQuestion<Row>,
  scope: Scope,
  window: Window,
  isCut: (day: number) => boolean = () => false,
): Promise<OfDay<Row>[]> {
  const { daySums } = store;
  if (daySums === undefined) return askFresh(store, question, scope, window);
  // Who asks may have more in hand than a scope.
  const { tenant, feature, policy, service } = scope;
  const keyOf = (day: number): string =>
    JSON.stringify([question.name, store.within ?? [], { tenant, feature, policy, service }, day]);
  const { fromUs, toUs } = boundsOf(window);
  const found = new Map<number, Exclude<DayRows<Row>, null>>();
  const missing = new Map<number, string>();
  for (const [day, state] of await daySums.states()) {
    if (day * DAY_US < fromUs || (day + 1) * DAY_US > toUs || isCut(day)) continue;
    const rows = daySums.get(keyOf(day), state, question.row);
    if (rows === undefined) missing.set(day, state);
    else if (rows !== null) found.set(day, rows);
  }
  const asked = askFresh(store, question, scope, window, [...missing.keys()], [...found.keys()]);
  const strays = asked.then((fresh) => new Set(fresh.filter(({ day }) => day < 0).map(({ day }) => -1 - day)));
  for (const [day, state] of missing) {
    const rows = Promise.all([asked, strays]).then(([fresh, stray]) =>
      stray.has(day) ? null : fresh.filter((one) => one.day === day).map(({ row }) => row),
    );
    daySums.put(keyOf(day), state, question.row, rows);
  }
  const [fresh, stray, ...known] = await Promise.all([
    asked,
    strays,
    ...[...found].map(([day, rows]) => ofDay(day, rows)),
  ]);
  // What another question was about to find may have failed, or cannot be kept.
  if (stray.size > 0 || known.includes(null)) return askFresh(store, question, scope, window);
  return [...known.flatMap((rows) => rows ?? []), ...fresh];
}

/** @returns null where they are not to be had */
async function ofDay<Row>(day: number, found: DayRows<Row>): Promise<OfDay<Row>[] | null> {
  const rows = await Promise.resolve(found).catch(() => null);
  return rows?.map((row) => ({ day, isWhole: true, row })) ?? null;
}

/**
 * @param whole days of which all calls are asked for
 * @param known days that are not asked about
 */
async function askFresh<Row>(
  store: Store,
  { sql, row, params: own }: DailyQuestion<Row>,
  scope: Scope,
  window: Window,
  whole: readonly number[] = [],
  known: readonly number[] = [],
): Promise<OfDay<Row>[]> {
  const { sql: inScope, params } = scopedCalls(scope);
  const where = `
          calls.day >= toDate({fromDay: UInt16})
          AND calls.day <= toDate({toDay: UInt16})
          AND calls.day NOT IN {knownDays: Array(UInt16)}
          AND (
              calls.day IN {wholeDays: Array(UInt16)}
              OR start_time >= fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC') AND start_time < fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')
          )
          AND ${inScope}`;
  const rows = await store.rows(sql(where), {
    ...own,
    ...params,
    ...boundsOf(window),
    ...daysOf(window),
    wholeDays: whole,
    knownDays: known,
  });
  const isWhole = new Set(whole);
  return rows.map((one) => {
    const { filed } = filedSchema.parse(one);
    return { day: filed, isWhole: isWhole.has(filed), row: row.parse(one) };
  });
}
