import { countOrNull } from '../dialects/usage.js';
import { reportedCostUsd } from '../cost/reported-cost.js';
import { parseUsd } from '../cost/usd.js';

/** Longer texts are no names or ids. */
const MAX_TEXT = 1024;

/** The value at a path of a record's own keys; undefined where there is none. Never looks at a prototype. */
export function at(record: unknown, ...path: readonly string[]): unknown {
  let value = record;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value;
}

/** Whether a record has all of these keys at its top, whatever their values. */
export function has(record: unknown, ...keys: readonly string[]): boolean {
  return (
    typeof record === 'object' &&
    record !== null &&
    !Array.isArray(record) &&
    keys.every((key) => Object.hasOwn(record, key))
  );
}

/** A string, number or boolean as text; empty where it is something else or too long to be a name. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value.length <= MAX_TEXT ? value : '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return typeof value === 'boolean' ? String(value) : '';
}

/** The first of several values that says something, as text. */
export function firstText(...values: readonly unknown[]): string {
  return values.map(textOf).find((text) => text !== '') ?? '';
}

/** A count of tokens: a number or its digits. Null where it is none: a fraction or a negative number was not reported. */
export function countOf(value: unknown): number | null {
  if (typeof value === 'string') return /^\d{1,16}$/.test(value) ? countOrNull(Number(value)) : null;
  return typeof value === 'number' ? countOrNull(value) : null;
}

/** The first of several values that is a count. */
export function firstCount(...values: readonly unknown[]): number | null {
  return values.map(countOf).find((count) => count !== null) ?? null;
}

/**
 * An amount of money as US dollars with 12 decimals; null where it is none. A float is taken as its shortest decimal:
 * 0.1 is a tenth. Digits past the twelfth of a dollar are rounded half up, once.
 *
 * @param tenPower the unit of the amount as a power of ten of a dollar: 0 for dollars, -2 for cents, -9 for nano-dollars
 */
export function usdOf(value: unknown, tenPower = 0): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const match = /^(\+?\d{1,30}(?:\.\d{0,60})?)(?:[eE]([+-]?\d{1,2}))?$/.exec(textOf(value).trim());
  if (match === null) return null;
  const exponent = Number(match[2] ?? '0') + tenPower;
  // `parseUsd` reads two digits of exponent; what lies under 1e-99 dollars is nothing at 12 decimals.
  return exponent < -99 ? reportedCostUsd('0') : reportedCostUsd(`${match[1]}e${exponent}`);
}

/**
 * A cost as a gateway computed it from its list of prices: 0 stands for a model that is not on the list, so it is
 * unknown (null), unless `isFree` says that nothing was to be paid.
 */
export function pricedUsd(costUsd: string | null, isFree: boolean): string | null {
  return costUsd !== null && parseUsd(costUsd) === 0n && !isFree ? null : costUsd;
}

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(?:Z|UTC|([+-]\d\d):?(\d\d))?$/;
/** 2255: from there on, microseconds are past what a double holds exactly. */
const LAST_US = 9_000_000_000_000_000;

/**
 * A point in time as microseconds since 1970; null where it is none. Reads ISO 8601 (with a blank for the `T`, and as
 * UTC where it names no zone) and numbers since 1970, whose size tells seconds, milli-, micro- and nanoseconds apart.
 */
export function timeOf(value: unknown): number | null {
  const text = textOf(value);
  const us = /^\d+(?:\.\d+)?$/.test(text) ? sinceEpoch(Number(text)) : iso(text);
  return us !== null && us > 0 && us < LAST_US ? us : null;
}

function sinceEpoch(value: number): number {
  if (value < 1e11) return Math.round(value * 1e6);
  if (value < 1e14) return Math.round(value * 1e3);
  return Math.round(value < 1e17 ? value : value / 1e3);
}

function iso(text: string): number | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, day, time, fraction = '', hours, minutes] = match;
  const ms = Date.parse(`${day}T${time}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
  return Number.isNaN(ms) ? null : ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/**
 * The end of something that began at `startUs` and took `ms` milliseconds; null where either is not known.
 *
 * @param startUs microseconds since 1970
 */
export function endAfter(startUs: number | null, ms: unknown): number | null {
  const took = typeof ms === 'string' ? Number(ms) : ms;
  if (startUs === null || typeof took !== 'number' || !(took >= 0)) return null;
  const endUs = startUs + Math.round(took * 1000);
  return endUs < LAST_US ? endUs : null;
}

/** Whether a value says yes, in whatever language it was printed: `true`, `True`, `"true"`, `1`. */
export function isTrue(value: unknown): boolean {
  return /^(?:true|1)$/i.test(textOf(value));
}
