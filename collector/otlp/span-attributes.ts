import type { FactValues } from '../../auditor/dialects/places.js';
import type { Attributes } from '../../schemas/span.js';
import type { KnownKey } from './known-key.js';
import type { Wire } from './wire.js';

/**
 * The attributes of the one span that is being read: one list serves all spans, so that none costs a list.
 *
 * Invariants: entries 0 to `count - 1` are of different keys; where `texts[i]` is null the value is the ASCII bytes
 * from `starts[i]` to `ends[i]` of the request.
 */
export interface SpanAttributes {
  readonly keys: KnownKey[];
  readonly starts: number[];
  readonly ends: number[];
  readonly texts: (string | null)[];
  count: number;
  /** Tells this span from all others that were read: a key that says the same number is set. */
  serial: number;
  /** Whether any attribute shows that the span may be a call. */
  isMarked: boolean;
  /** The required attributes of the contract that the span carries, as bits. */
  carried: number;
  /** Attributes that were to be kept, of all spans that were read, and were too many. */
  leftOut: number;
  /** The values by slot: see `fillFacts`. */
  readonly facts: (string | undefined)[];
}

/** So many attributes of one span are looked through, beside those that are needed: a flood must not take the day. */
const MAX_READ_ATTRIBUTES = 96;

/** Creates an empty list for spans whose calls are read from so many slots. */
export function createSpanAttributes(slots: number): SpanAttributes {
  return {
    keys: [],
    starts: [],
    ends: [],
    texts: [],
    count: 0,
    serial: 0,
    isMarked: false,
    carried: 0,
    leftOut: 0,
    facts: Array.from({ length: slots }, () => undefined),
  };
}

/** Makes the list ready for the next span. */
export function clearAttributes(list: SpanAttributes): void {
  list.count = 0;
  list.serial += 1;
  list.isMarked = false;
  list.carried = 0;
}

/**
 * Sets an attribute; of a key that occurs twice the last value counts, as in a map.
 *
 * @param text null: the ASCII bytes from `start` to `end`
 */
export function setAttribute(
  list: SpanAttributes,
  known: KnownKey,
  start: number,
  end: number,
  text: string | null,
): void {
  let place = placeOf(list, known);
  if (place === -1) {
    place = list.count;
    if (place >= MAX_READ_ATTRIBUTES && !known.isNeeded) {
      if (known.use === 'keep') list.leftOut += 1;
      return;
    }
    list.count = place + 1;
    list.keys[place] = known;
    known.setIn = list.serial;
    known.place = place;
    if (known.isMark) list.isMarked = true;
    list.carried |= known.requiredBit;
  }
  list.starts[place] = start;
  list.ends[place] = end;
  list.texts[place] = text;
}

/** Whether a span has an attribute of its own with this key. */
export function hasAttribute(list: SpanAttributes, known: KnownKey): boolean {
  return placeOf(list, known) !== -1;
}

function placeOf({ keys, count, serial }: SpanAttributes, known: KnownKey): number {
  if (known.isShared) return known.setIn === serial ? known.place : -1;
  for (let place = 0; place < count; place += 1) if (keys[place]?.key === known.key) return place;
  return -1;
}

/**
 * Fills in the values that calls are read from.
 *
 * @param textIn reads the bytes of a value as text
 */
export function fillFacts(
  { keys, starts, ends, texts, count, facts }: SpanAttributes,
  wire: Wire,
  textIn: (wire: Wire, start: number, end: number) => string,
): FactValues {
  for (let i = 0; i < count; i += 1) {
    const slot = keys[i]?.slot ?? -1;
    if (slot >= 0) facts[slot] = texts[i] ?? textIn(wire, starts[i] ?? 0, ends[i] ?? 0);
  }
  return facts;
}

/** Empties them again. */
export function clearFacts({ keys, count, facts }: SpanAttributes): void {
  for (let i = 0; i < count; i += 1) {
    const slot = keys[i]?.slot ?? -1;
    if (slot >= 0) facts[slot] = undefined;
  }
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
