import type { Scope } from '../../../schemas/gate.js';
import type { QueryParameters } from '../client.js';
import { withinSql } from './within.js';

/** A stretch of time: the start is in it, the end is not. Microseconds since 1970. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
}

export const DAY_US = 86_400_000_000;

/** The last day that ClickHouse's `Date` can hold, 2149-06-06. Past its ends it wraps around, without an error. */
const MAX_DAY = 65_535;

/** A moment, microseconds since 1970, in ISO 8601 to the millisecond. */
export function iso(us: number): string {
  return new Date(Math.floor(us / 1_000)).toISOString();
}

/** The same to the microsecond. */
export function isoMicros(us: number): string {
  return `${iso(us).slice(0, -1)}${String(us % 1_000).padStart(3, '0')}Z`;
}

/**
 * To put at the end of every query of `calls FINAL`. A call is filed under its day, and where another audit moves it to
 * another day it is deleted under the first, so days need not be merged with each other, nor read where not asked for.
 */
export const DAY_BY_DAY = 'SETTINGS do_not_merge_across_partitions_select_final = 1';

/** What to put behind `WHERE` on `calls`, with its parameters. */
export interface Condition {
  readonly sql: string;
  readonly params: QueryParameters;
}

/** A window as far as ClickHouse can hold it. */
export function boundsOf(window: Window): Window {
  return { fromUs: Math.max(0, window.fromUs), toUs: Math.min(MAX_DAY * DAY_US, window.toUs) };
}

/**
 * The calls of a scope in a window.
 *
 * A tenant's calls are all that bear on it: those that show it where the call is made, at the origin, or where
 * requests would be blocked. So a call whose tenant was lost or rewritten on the way counts against the tenant that
 * caused it as well as the one that got the blame; a gate over the surviving rows alone would always be green. The
 * same holds for features and policies.
 *
 * Who is bound to some tenants sees theirs alone: the store that they ask fills in `within`.
 */
export function callsIn(scope: Scope, window: Window): Condition {
  const { sql, params } = scopedCalls(scope);
  const parts = [
    'day >= toDate({fromDay: UInt16})',
    'day <= toDate({toDay: UInt16})',
    "start_time >= fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')",
    "start_time < fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')",
    sql,
  ];
  return { sql: parts.join('\n  AND '), params: { ...boundsOf(window), ...daysOf(window), ...params } };
}

/** The first and last day that a window has anything of, days since 1970, as far as ClickHouse can hold them. */
export function daysOf(window: Window): { readonly fromDay: number; readonly toDay: number } {
  const { fromUs, toUs } = boundsOf(window);
  return {
    fromDay: Math.max(0, Math.floor(fromUs / DAY_US)),
    toDay: Math.max(0, Math.min(MAX_DAY, Math.floor((toUs - 1) / DAY_US))),
  };
}

/** The calls of a scope, as `callsIn` has them, whenever they began. */
export function scopedCalls(scope: Scope): Condition {
  const parts = [withinSql];
  const params: Record<string, unknown> = { within: [] };
  for (const name of ['tenant', 'feature', 'policy'] as const) {
    const value = scope[name];
    if (value === undefined) continue;
    params[name] = value;
    const columns = [name, `${name}_origin`, `${name}_enforcement`, ...(name === 'policy' ? ['resolved_policy'] : [])];
    parts.push(`(${columns.map((column) => `${column} = {${name}: String}`).join(' OR ')})`);
  }
  if (scope.service !== undefined) {
    params['service'] = scope.service;
    parts.push('has(route, {service: String})');
  }
  return { sql: parts.join('\n  AND '), params };
}
