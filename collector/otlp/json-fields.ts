import { MalformedRequest } from './errors.js';

/** An object of JSON, not yet trusted. Every function here throws `MalformedRequest` that says where what is wrong. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where something stands in a request, outermost first: keys of objects, places in lists. */
export type JsonPlace = (string | number)[];

/** A place as it stands in a message. */
export function pathOf(at: JsonPlace, key?: string): string {
  const steps = [...at, ...(key === undefined ? [] : [key])];
  if (steps.length === 0) return 'The request';
  return steps.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

/** An object. */
export function fieldsIn(value: unknown, at: JsonPlace): Fields {
  if (!isFields(value)) throw new MalformedRequest(`${pathOf(at)} is not an object.`);
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Calls `take` for each of the things in a list, which may be missing; meanwhile `at` says which one it is. */
export function eachItem(owner: Fields, key: string, at: JsonPlace, take: (item: unknown) => void): void {
  const list = owner[key] ?? [];
  if (!Array.isArray(list)) throw new MalformedRequest(`${pathOf(at, key)} is not a list.`);
  at.push(key, 0);
  for (let i = 0; i < list.length; i += 1) {
    at[at.length - 1] = i;
    take(list[i]);
  }
  at.length -= 2;
}

/** The same for a list of objects. */
export function eachIn(owner: Fields, key: string, at: JsonPlace, take: (one: Fields) => void): void {
  eachItem(owner, key, at, (item) => take(fieldsIn(item, at)));
}

/** A string; empty where it is missing. */
export function stringIn(owner: Fields, key: string, at: JsonPlace): string {
  const value = owner[key] ?? '';
  if (typeof value !== 'string') throw new MalformedRequest(`${pathOf(at, key)} is not a string.`);
  return value;
}

const NO_ID = new Uint8Array(1);

/** An id in hex digits, as bytes; where it is none, one byte, which is no id either. */
export function idIn(owner: Fields, key: string, at: JsonPlace): Uint8Array {
  const text = stringIn(owner, key, at);
  const bytes = Buffer.from(text, 'hex');
  return 2 * bytes.length === text.length ? bytes : NO_ID;
}

/** A whole number of 32 bits, or its name: the specification wants numbers, and some senders write names all the same. */
export function enumerated(owner: Fields, key: string, names: Readonly<Record<string, number>>, at: JsonPlace): number {
  const value = owner[key];
  return typeof value === 'string' && Object.hasOwn(names, value) ? (names[value] ?? 0) : wholeIn(owner, key, at);
}

/** A whole number of 32 bits, also as text; 0 where it is missing. */
export function wholeIn(owner: Fields, key: string, at: JsonPlace): number {
  const value = owner[key] ?? 0;
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < 2 ** 32) return number;
  throw new MalformedRequest(`${shown(value)} at ${pathOf(at, key)} is no whole number of 32 bits.`);
}

/** A time in nanoseconds. A number past 2^53 has lost its last digits to JSON, but not microseconds. */
export function nanosIn(owner: Fields, key: string, at: JsonPlace): bigint {
  const value = owner[key] ?? 0;
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e20) return BigInt(value);
  throw new MalformedRequest(`${shown(value)} at ${pathOf(at, key)} is no time in nanoseconds.`);
}

/** A signed integer of 64 bits, as number or text. */
export function integerIn(owner: Fields, key: string, at: JsonPlace): bigint {
  const value = owner[key];
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^-?\d{1,20}$/.test(text))
    throw new MalformedRequest(`${shown(value)} at ${pathOf(at)} is no 64-bit integer.`);
  const exact = BigInt(text);
  if (exact !== BigInt.asIntN(64, exact)) throw new MalformedRequest(`${text} at ${pathOf(at)} is over 64 bits.`);
  return exact;
}

/** A number, also one of those that JSON lacks, by name. */
export function doubleIn(owner: Fields, key: string, at: JsonPlace): number {
  const value = owner[key];
  const number = typeof value === 'number' ? value : Number(value);
  if (typeof value === 'number' || value === 'NaN' || !Number.isNaN(number)) return number;
  throw new MalformedRequest(`${shown(value)} at ${pathOf(at)} is no number.`);
}

/** A value as it may stand in a message: JSON leaves some control characters as they are. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40).replaceAll(/\p{C}/gu, '\uFFFD');
}
