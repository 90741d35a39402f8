import { putAscii, putBytes, putDigits } from '../store/put-bytes.js';
import { readAnyValue } from './any-value.js';
import type { KnownKey } from './known-key.js';
import { keptText } from './known-key.js';
import type { SpanScan } from './scan-span.js';
import type { SpanAttributes } from './span-attributes.js';
import { addFact } from './span-attributes.js';
import type { SpanReader } from './span-reader.js';
import { enter, isAscii, isSameBytes, readTag, skip, WireType } from './wire.js';

/** So many attributes of a span are kept; their count is one byte in a row. */
export const MAX_KEPT_ATTRIBUTES = 64;

/** The tags that attributes are written with, each one byte. */
export const TAG = {
  attribute: 72 + WireType.length,
  key: 8 + WireType.length,
  value: 16 + WireType.length,
  text: 8 + WireType.length,
  int: 24 + WireType.varint,
} as const;

/**
 * Reads as many attributes as follow each other from here on, and writes those that are kept to the row, as long as
 * they are plain: key and value, in this order, each key once, the value a text of under 128 bytes of ASCII or a whole
 * number below 2^21. What is not is left to `readAttribute`. Most of all bytes pass through here, so places are held in
 * variables: going through `wire.at` for every byte takes twice as long.
 */
export function readPlainAttributes(scan: SpanScan, end: number): void {
  const { wire, reader } = scan;
  const { keys, row, attributes } = reader;
  const { view } = wire;
  let { last } = scan;
  let { at } = wire;
  // None of them is longer in the row than it is here.
  const target = row.reserve(end - at);
  let to = row.size();
  // Tags and lengths of the attribute, its key and its value are six bytes at least.
  while (at + 7 < end && view.getUint8(at) === TAG.attribute) {
    let length = view.getUint8(at + 1);
    let keyAt = at + 2;
    if (length >= 0x80) {
      const high = view.getUint8(keyAt);
      if (high >= 0x80) break;
      length = (length & 0x7f) | (high << 7);
      keyAt += 1;
    }
    const next = keyAt + length;
    if (next > end || length < 6) break;
    let known = last.next;
    if (known === null || known.formLength > length - 3 || !isSameBytes(view, keyAt, known.form)) {
      const textEnd = keyAt + 2 + view.getUint8(keyAt + 1);
      if (textEnd + 4 > next || view.getUint8(keyAt) !== TAG.key || view.getUint8(textEnd) !== TAG.value) break;
      known = keys.after(last, wire, keyAt + 2, textEnd);
      if (keyAt + known.formLength !== textEnd + 1) break;
    }
    const valueAt = keyAt + known.formLength + 1;
    const valueLength = view.getUint8(valueAt - 1);
    if (valueLength >= 0x80 || valueAt + valueLength !== next) break;
    if (known.use !== 'skip') {
      if (known.setIn === attributes.serial) break;
      const after = putPlain(known, view, valueAt, next, target, to, attributes);
      if (after === -1) break;
      to = after;
      known.setIn = attributes.serial;
      attributes.seen |= known.bits;
    }
    last = known;
    at = next;
  }
  row.moveTo(to);
  scan.last = last;
  wire.at = at;
}

/**
 * Writes an attribute to a row, if it is kept and plain.
 *
 * @returns where the row ends then; -1: it is not plain
 */
function putPlain(
  known: KnownKey,
  view: DataView,
  start: number,
  end: number,
  target: DataView,
  to: number,
  attributes: SpanAttributes,
): number {
  const isKept = known.use === 'keep';
  if (isKept && attributes.kept === attributes.mostKept) return -1;
  const keyEnd = to + known.formLength - 2;
  let after = to;
  if (view.getUint8(start) === TAG.text) {
    const textAt = start + 2;
    if (textAt + view.getUint8(start + 1) !== end) return -1;
    if (isKept) {
      if (!putAscii(target, keyEnd + 1, view, textAt, end)) return -1;
      const length = known.isPath ? pathLength(view, textAt, end) : end - textAt;
      target.setUint8(keyEnd, length);
      after = keyEnd + 1 + length;
    } else if (!isAscii(view, textAt, end)) return -1;
    if (known.slot !== -1) addFact(attributes, known.slot, textAt, end, null);
  } else {
    const value = smallInt(view, start, end);
    if (value === -1) return -1;
    if (isKept) after = putDigits(target, keyEnd, value);
    if (known.slot !== -1) addFact(attributes, known.slot, 0, 0, value);
  }
  if (isKept) {
    putBytes(target, to, known.form, 1, known.formLength - 1);
    attributes.kept += 1;
  }
  return after;
}

/** The whole number below 2^21 that is all that a value says; -1: it says something else. */
function smallInt(view: DataView, start: number, end: number): number {
  const last = end - 1;
  let value = view.getUint8(last);
  if (view.getUint8(start) !== TAG.int || value >= 0x80 || last - start > 3) return -1;
  for (let at = last - 1; at > start; at -= 1) {
    const byte = view.getUint8(at);
    if (byte < 0x80) return -1;
    value = (value << 7) | (byte & 0x7f);
  }
  return value;
}

/** How much of a path stands before its query: see `keptText`. */
function pathLength(view: DataView, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = view.getUint8(at);
    if (byte === QUESTION_MARK || byte === HASH) return at - start;
  }
  return end - start;
}

const QUESTION_MARK = 0x3f;
const HASH = 0x23;

/**
 * Reads one attribute, however it is written.
 *
 * @returns false where it cannot be written right away: see `readOddSpan`
 */
export function readAttribute(scan: SpanScan, end: number): boolean {
  const known = readKeyValue(scan, end);
  if (known.use === 'skip') return true;
  const { attributes } = scan.reader;
  const isFull = known.use === 'keep' && attributes.kept === attributes.mostKept;
  if (isFull || !known.isShared || known.setIn === attributes.serial) return false;
  takeText(scan.reader, known, readValue(scan, known));
  return true;
}

/** Takes an attribute by its text: writes it to the row if it is kept. */
export function takeText({ row, attributes }: SpanReader, known: KnownKey, text: string): void {
  if (known.use === 'keep') {
    row.string(known.key);
    row.string(keptText(known, text));
    attributes.kept += 1;
  }
  if (known.slot !== -1) addFact(attributes, known.slot, 0, 0, text);
  attributes.seen |= known.bits;
  known.setIn = attributes.serial;
}

/**
 * Reads KeyValue { 1: string key, 2: AnyValue value }: returns the key, and leaves in the scan where the value
 * stands.
 */
export function readKeyValue(scan: SpanScan, end: number): KnownKey {
  const { wire, reader } = scan;
  let known: KnownKey | null = null;
  scan.valueAt = end;
  scan.valueEnd = end;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === TAG.key) {
      const keyEnd = enter(wire, end);
      known = reader.keys.after(scan.last, wire, wire.at, keyEnd);
      wire.at = keyEnd;
    } else if (tag === TAG.value) {
      scan.valueEnd = enter(wire, end);
      scan.valueAt = wire.at;
      wire.at = scan.valueEnd;
    } else skip(wire, tag, end);
  }
  return (scan.last = known ?? reader.keyNamed(''));
}

/** The text of the value that `readKeyValue` found; nothing: the empty text. */
export function readValue({ wire, reader, valueAt, valueEnd }: SpanScan, { maxLength }: KnownKey): string {
  const { at } = wire;
  wire.at = valueAt;
  const text = readAnyValue(wire, reader, valueEnd, maxLength);
  wire.at = at;
  return text;
}
