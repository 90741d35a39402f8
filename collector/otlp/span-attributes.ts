import type { FactValue, FactValues } from '../../auditor/dialects/places.js';
import type { Attributes } from '../../schemas/span.js';
import type { KnownKey } from './known-key.js';
import type { Wire } from './wire.js';

/**
 * What is known of the attributes of the one span that is being read: those that are kept are in its row already. One
 * object serves all spans, so that none costs a list.
 *
 * Invariant of what calls are read from, entries 0 to `facts - 1`: where `said[i]` is null the value is the ASCII bytes
 * from `starts[i]` to `ends[i]` of the request.
 */
export interface SpanAttributes {
  /** Tells this span from all others that were read: a key that says the same number is set. */
  serial: number;
  /** How many are kept, and how many may be. */
  kept: number;
  mostKept: number;
  /** The bits of all keys that are set: see `KnownKey`. */
  seen: number;
  facts: number;
  readonly slots: number[];
  readonly starts: number[];
  readonly ends: number[];
  readonly said: (FactValue | null)[];
  /** Attributes that were to be kept, of all spans that were read, and were too many. */
  leftOut: number;
  /** The values by slot: see `fillFacts`. */
  readonly values: (FactValue | undefined)[];
}

/** So many attributes of what is read are looked through, beside those that are needed: a flood must not take the day. */
export const MAX_READ_ATTRIBUTES = 96;

/** Creates an empty list for spans whose calls are read from so many slots. */
export function createSpanAttributes(slots: number): SpanAttributes {
  return {
    serial: 0,
    kept: 0,
    mostKept: 0,
    seen: 0,
    facts: 0,
    slots: [],
    starts: [],
    ends: [],
    said: [],
    leftOut: 0,
    values: Array.from({ length: slots }, () => undefined),
  };
}

/** Makes it ready for the next span, of which so many attributes may be kept. */
export function clearAttributes(attributes: SpanAttributes, mostKept: number): void {
  attributes.serial += 1;
  attributes.kept = 0;
  attributes.mostKept = mostKept;
  attributes.seen = 0;
  attributes.facts = 0;
}

/**
 * Adds a value that calls are read from.
 *
 * @param said null: the ASCII bytes from `start` to `end`
 */
export function addFact(list: SpanAttributes, slot: number, start: number, end: number, said: FactValue | null): void {
  const i = list.facts;
  list.slots[i] = slot;
  list.starts[i] = start;
  list.ends[i] = end;
  list.said[i] = said;
  list.facts = i + 1;
}

/**
 * Fills in the values that calls are read from.
 *
 * @param textIn reads the bytes of a value as text
 */
export function fillFacts(
  { facts, slots, starts, ends, said, values }: SpanAttributes,
  wire: Wire,
  textIn: (wire: Wire, start: number, end: number) => string,
): FactValues {
  for (let i = 0; i < facts; i += 1) {
    values[slots[i] ?? 0] = said[i] ?? textIn(wire, starts[i] ?? 0, ends[i] ?? 0);
  }
  return values;
}

/** Empties them again. */
export function clearFacts({ facts, slots, values }: SpanAttributes): void {
  for (let i = 0; i < facts; i += 1) values[slots[i] ?? 0] = undefined;
}

/** Keeps an attribute of what is not a span; of a key that occurs twice the last value counts. */
export function keepAttribute(kept: string[], { key, isNeeded }: KnownKey, value: string): void {
  for (let i = 0; i < kept.length; i += 2) {
    if (kept[i] !== key) continue;
    kept[i + 1] = value;
    return;
  }
  if (kept.length < 2 * MAX_READ_ATTRIBUTES || isNeeded) kept.push(key, value);
}

/** The keys and values of attributes in pairs. */
export function* pairsOf(attributes: Attributes): Iterable<readonly [key: string, value: string]> {
  for (let i = 0; i + 1 < attributes.length; i += 2) yield [attributes[i] ?? '', attributes[i + 1] ?? ''];
}
