import type { Attributes, Usage } from '../../schemas/span.js';
import { divideRounded, formatUsd, parseUsd, PICO_PER_USD } from '../cost/usd.js';
import { isContentKey } from '../dialects/content-keys.js';

/** Where a value stands in a record: object keys, outermost first. */
export type Path = readonly string[];

/** The value at a path; undefined where there is none. Own keys only. */
export function valueAt(record: unknown, path: Path): unknown {
  let at = record;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Object.getOwnPropertyDescriptor(at, key)?.value;
  }
  return at;
}

/** Whether a record has all of these keys. */
export function hasKeys(record: unknown, ...keys: readonly string[]): boolean {
  return keys.every((key) => valueAt(record, [key]) !== undefined);
}

/** The text of the first path that says something: strings, numbers and booleans. Empty: none does. */
export function textAt(record: unknown, ...paths: readonly Path[]): string {
  for (const path of paths) {
    const value = valueAt(record, path);
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
    if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  }
  return '';
}

/** The first path that holds a count, as a number or as text. Whatever else stands there was not reported. */
export function countAt(record: unknown, ...paths: readonly Path[]): number | null {
  for (const path of paths) {
    const text = textAt(record, path);
    const count = /^\d{1,16}(?:\.0+)?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(count)) return count;
  }
  return null;
}

/** More than a call can cost; the store holds six digits before the point. */
const MAX_COST_PICO = 1_000_000n * PICO_PER_USD;

/**
 * The amount of the first path that holds one, in US dollars with 12 decimals; null: unknown.
 *
 * @param perUsd how many of the record's units make a dollar, such as 100 for cents
 */
export function usdAt(record: unknown, paths: readonly Path[], perUsd = 1): string | null {
  for (const path of paths) {
    const pico = parseUsd(textAt(record, path));
    if (pico === null || pico < 0n) continue;
    const usd = divideRounded(pico, BigInt(perUsd));
    if (usd < MAX_COST_PICO) return formatUsd(usd);
  }
  return null;
}

const UNITS_US = { s: 1_000_000, ms: 1_000, us: 1, ns: 0.001 } as const;

/**
 * The time at the first path that holds one, microseconds since 1970; null: none does. Text is ISO 8601, and UTC where
 * it names no zone.
 *
 * @param unit of a time that is a number
 */
export function timeAt(record: unknown, paths: readonly Path[], unit: keyof typeof UNITS_US): number | null {
  for (const path of paths) {
    const text = textAt(record, path);
    const us = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * UNITS_US[unit] : isoUs(text);
    if (us !== null && us >= 0 && us < Number.MAX_SAFE_INTEGER) return Math.round(us);
  }
  return null;
}

function isoUs(text: string): number | null {
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(text);
  if (parts === null) return null;
  const [, day, time, fraction = '', zone = 'Z'] = parts;
  const seconds = Date.parse(`${day}T${time}${zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`);
  return Number.isNaN(seconds) ? null : seconds * 1_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** A span of time at a path, microseconds; 0 where there is none. */
export function durationAt(record: unknown, paths: readonly Path[], unit: keyof typeof UNITS_US): number {
  for (const path of paths) {
    const text = textAt(record, path);
    const us = /^\d{1,12}(?:\.\d+)?$/.test(text) ? Number(text) * UNITS_US[unit] : Number.NaN;
    if (Number.isFinite(us)) return Math.round(us);
  }
  return 0;
}

/** A trace id of 16 bytes, with or without dashes, as 32 lower-case hex digits; null: it is none. */
export function traceIdAt(record: unknown, ...paths: readonly Path[]): string | null {
  return idAt(record, paths, 32);
}

/** A span id of 8 bytes, as 16 lower-case hex digits; null: it is none. */
export function spanIdAt(record: unknown, ...paths: readonly Path[]): string | null {
  return idAt(record, paths, 16);
}

function idAt(record: unknown, paths: readonly Path[], digits: number): string | null {
  const id = textAt(record, ...paths)
    .toLowerCase()
    .replaceAll('-', '');
  return id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id) ? id : null;
}

/** What is counted, each null where it was not; parts are within the whole, as OpenAI counts. */
export type Counts = Readonly<Partial<Record<keyof Usage, number | null>>>;

/** Counts as usage; null where nothing was counted. */
export function usageOf(counts: Counts): Usage | null {
  if (Object.values(counts).every((count) => count === null)) return null;
  return {
    inputTokens: counts.inputTokens ?? null,
    outputTokens: counts.outputTokens ?? null,
    cacheReadTokens: counts.cacheReadTokens ?? 0,
    cacheWriteTokens: counts.cacheWriteTokens ?? 0,
    reasoningTokens: counts.reasoningTokens ?? 0,
    inputAudioTokens: counts.inputAudioTokens ?? 0,
    outputAudioTokens: counts.outputAudioTokens ?? 0,
  };
}

/** Whatever is longer is no id or name, and may be content. */
const MAX_VALUE_LENGTH = 256;
const MAX_ENTRIES = 64;

/** The values at these paths, under their own names with dots; what says nothing is left out. */
export function attributesAt(record: unknown, ...paths: readonly Path[]): string[] {
  return paths.flatMap((path) => attribute(path.join('.'), valueAt(record, path)));
}

/**
 * The entries of an object of metadata, each under the name of the object with a dot, and under its own.
 *
 * @param path of the object, which may be JSON in a string
 * @param isWanted which keys
 */
export function entriesAt(record: unknown, path: Path, isWanted: (key: string) => boolean = () => true): string[] {
  const entries = Object.entries(objectAt(record, path)).filter(([key]) => isWanted(key));
  return entries
    .slice(0, MAX_ENTRIES)
    .flatMap(([key, value]) => [...attribute([...path, key].join('.'), value), ...attribute(key, value)]);
}

/** The object at a path, which may be JSON in a string; empty where there is none. */
export function objectAt(record: unknown, path: Path): Readonly<Record<string, unknown>> {
  const value = valueAt(record, path);
  const object = typeof value === 'string' ? parsed(value) : value;
  return isObject(object) ? object : {};
}

/** Whether a value is an object with keys. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function attribute(key: string, value: unknown): Attributes {
  if (isContentKey(key) || key.length > MAX_VALUE_LENGTH) return [];
  const text = Array.isArray(value) && value.length > 0 ? JSON.stringify(value) : textAt({ value }, ['value']);
  return text === '' || text.length > MAX_VALUE_LENGTH ? [] : [key, text];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
