import { SIGNATURE_KEY } from '../../schemas/signature.js';
import type { Attributes } from '../../schemas/span.js';
import { cutText, MAX_VALUE_LENGTH } from './text.js';

/** What becomes of an attribute: passed over unread, read to understand the call, or kept on the span. */
export type KeyUse = 'skip' | 'read' | 'keep';

/** An attribute key, with all that was ever judged of it. */
export interface KnownKey {
  readonly key: string;
  readonly use: KeyUse;
  /** UTF-16 units after which its value is cut. */
  readonly maxLength: number;
  /** Its place among the values that calls are read from; -1: none. */
  readonly slot: number;
  readonly isContractKey: boolean;
  /** Whether it counts however many others a span has: one of the contract, or one that tells of a call. */
  readonly isNeeded: boolean;
  /** Whether whoever asks for the key during one request gets this same object. */
  readonly isShared: boolean;
}

/** The attributes of the one span that is being read: one list serves all spans, so that none costs a list. */
export interface SpanAttributes {
  readonly keys: KnownKey[];
  readonly values: string[];
  count: number;
  /** The values again, by slot. */
  readonly facts: (string | undefined)[];
}

/** So many attributes of one span are looked through, beside those that are needed: a flood must not take the day. */
const MAX_READ_ATTRIBUTES = 96;
const MAX_KEPT_ATTRIBUTES = 64;

/** Creates an empty list for spans whose calls are read from so many slots. */
export function createSpanAttributes(slots: number): SpanAttributes {
  return { keys: [], values: [], count: 0, facts: Array.from({ length: slots }, () => undefined) };
}

/** Makes the list ready for the next span. */
export function clearAttributes(list: SpanAttributes): void {
  for (let i = 0; i < list.count; i += 1) {
    const slot = list.keys[i]?.slot ?? -1;
    if (slot >= 0) list.facts[slot] = undefined;
  }
  list.count = 0;
}

/** Sets an attribute; of a key that occurs twice the last value counts, as in a map. */
export function setAttribute(list: SpanAttributes, known: KnownKey, value: string): void {
  const { keys, values, count } = list;
  let place = 0;
  while (place < count && keys[place] !== known && (known.isShared || keys[place]?.key !== known.key)) place += 1;
  if (place === count) {
    if (count >= MAX_READ_ATTRIBUTES && !known.isNeeded) return;
    keys[place] = known;
    list.count = count + 1;
  }
  values[place] = value;
  if (known.slot >= 0) list.facts[known.slot] = value;
}

/** The same for what is not a span, in the form in which it is kept. */
export function keepAttribute(kept: string[], { key, isNeeded }: KnownKey, value: string): void {
  for (let i = 0; i < kept.length; i += 2) {
    if (kept[i] !== key) continue;
    kept[i + 1] = value;
    return;
  }
  if (kept.length < 2 * MAX_READ_ATTRIBUTES || isNeeded) kept.push(key, value);
}

/**
 * What a span keeps: its own attributes, then those of its resource which it does not override. The contract's keys
 * come first, so that a flood of others cannot push them out.
 */
export function keptOf(own: SpanAttributes, resource: Attributes, isContractKey: (key: string) => boolean): string[] {
  const kept: string[] = [];
  keepOwn(kept, own, true);
  keepResource(kept, resource, (key) => isContractKey(key));
  keepOwn(kept, own, false);
  keepResource(kept, resource, (key) => !isContractKey(key));
  return kept;
}

function keepOwn(kept: string[], { keys, values, count }: SpanAttributes, isOfContract: boolean): void {
  for (let i = 0; i < count && kept.length < 2 * MAX_KEPT_ATTRIBUTES; i += 1) {
    const known = keys[i];
    if (known?.isContractKey !== isOfContract || known.use !== 'keep') continue;
    kept.push(known.key, keptValue(known.key, values[i] ?? ''));
  }
}

function keepResource(kept: string[], resource: Attributes, isWanted: (key: string) => boolean): void {
  for (let i = 0; i < resource.length && kept.length < 2 * MAX_KEPT_ATTRIBUTES; i += 2) {
    const key = resource[i] ?? '';
    if (isWanted(key) && isNew(kept, key)) kept.push(key, keptValue(key, resource[i + 1] ?? ''));
  }
}

function isNew(kept: Attributes, key: string): boolean {
  for (let i = 0; i < kept.length; i += 2) if (kept[i] === key) return false;
  return true;
}

function keptValue(key: string, value: string): string {
  // One that is cut says nothing; it was bounded when it was read.
  if (key === SIGNATURE_KEY) return value;
  // A query may hold secrets.
  const path = key === 'http.target' || key === 'url.path' ? withoutQuery(value) : value;
  return cutText(path, MAX_VALUE_LENGTH);
}

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return end === -1 ? path : path.slice(0, end);
}
