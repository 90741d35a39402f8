import type { CompiledContract } from '../../auditor/contract.js';
import { isContentKey } from '../../auditor/dialects/content-keys.js';
import { keptKeys } from '../../auditor/dialects/kept-keys.js';
import { factKeys, jsonFactKeys, markKeys } from '../../auditor/dialects/places.js';
import { SIGNATURE_KEY } from '../../schemas/signature.js';
import { createInternTable } from './intern.js';
import { cutText, decodeText, MAX_VALUE_LENGTH } from './text.js';
import type { Wire } from './wire.js';
import { isSameBytes } from './wire.js';

/** What becomes of an attribute: passed over unread, read to understand the call, or kept on the span. */
export type KeyUse = 'skip' | 'read' | 'keep';

/** An attribute key, with all that was ever judged of it. */
export interface KnownKey {
  readonly key: string;
  readonly use: KeyUse;
  /** UTF-16 units after which its value is cut where it is read. */
  readonly maxLength: number;
  /** UTF-16 units after which its value is cut where it is kept. */
  readonly maxKeptLength: number;
  /** Whether what follows a `?` or `#` in its value is cut off, since a query may hold secrets. */
  readonly isPath: boolean;
  /** Its place among the values that calls are read from; -1: none. */
  readonly slot: number;
  /** Whether it shows that a span may be a call. */
  readonly isMark: boolean;
  readonly isContractKey: boolean;
  /** The bit of the required attribute that it stands for; 0: none. */
  readonly requiredBit: number;
  /** Whether it counts however many others a span has: one of the contract, or one that tells of a call. */
  readonly isNeeded: boolean;
  /** Whether whoever asks for the key during one request gets this same object. */
  readonly isShared: boolean;
  /** The key as it stands in a row, its length first; only of one that is shared. */
  readonly row: DataView;
  /** Where its own bytes begin there. */
  readonly bytesAt: number;
  /** How long it is there, with its length and without. */
  readonly rowLength: number;
  readonly bytesLength: number;
  /** The key that came after it last time: senders write their attributes in the same order again and again. */
  next: KnownKey | null;
  /** The span that has set it last, by serial number, and where. */
  setIn: number;
  place: number;
}

/** The keys that were met, judged once each. What it remembers is bounded. */
export interface KnownKeys {
  /** Begins a request: only here is anything forgotten. */
  readonly begin: () => void;
  /**
   * The key that stands in these bytes.
   *
   * @param previous the key before it
   * @throws MalformedRequest where they are no UTF-8
   */
  readonly after: (previous: KnownKey, wire: Wire, start: number, end: number) => KnownKey;
  readonly named: (key: string) => KnownKey;
  /** How often all was forgotten. */
  readonly forgotten: () => number;
  /** Stands before the first key of a span. */
  readonly first: KnownKey;
}

/** JSON or a signature that is cut says nothing, so these may be longer. */
const MAX_JSON_LENGTH = 16_384;
/** A contract's keys have at most so many characters; longer ones are neither wanted nor remembered. */
const MAX_KEY_LENGTH = 256;
const KEY_LIMIT = 4_096;
const KEY_TABLE_BITS = 12;

/** Creates the keys for one contract. */
export function createKnownKeys(contract: CompiledContract): KnownKeys {
  const keys = new Map<string, KnownKey>();
  const isKept = keptKeys(contract);
  const first = skippedKey();
  const long = skippedKey();
  let forgotten = 0;
  const byBytes = createInternTable(KEY_TABLE_BITS, (wire, start, end) =>
    named(decodeText(wire.bytes, start, end, MAX_VALUE_LENGTH)),
  );

  function named(key: string): KnownKey {
    const known = keys.get(key);
    if (known !== undefined) return known;
    if (key.length > MAX_KEY_LENGTH) return long;
    const made = judge(key, keys.size < KEY_LIMIT);
    if (made.isShared) keys.set(key, made);
    return made;
  }

  function judge(key: string, isShared: boolean): KnownKey {
    const isFact = factKeys.has(key);
    const isContractKey = contract.attributeByKey.has(key) || key === SIGNATURE_KEY;
    const use = isKept(key) ? 'keep' : isFact && !isContentKey(key) ? 'read' : 'skip';
    const inRow = isShared ? keyInRow(key) : NOT_IN_ROW;
    const name = use === 'keep' ? contract.attributeByKey.get(key)?.name : undefined;
    return {
      key,
      use,
      maxLength: jsonFactKeys.has(key) || key === SIGNATURE_KEY ? MAX_JSON_LENGTH : MAX_VALUE_LENGTH,
      maxKeptLength: key === SIGNATURE_KEY ? MAX_JSON_LENGTH : MAX_VALUE_LENGTH,
      isPath: key === 'http.target' || key === 'url.path',
      slot: use === 'skip' ? -1 : (factKeys.get(key) ?? -1),
      isMark: use !== 'skip' && markKeys.has(key),
      isContractKey,
      requiredBit: requiredBit(contract, name),
      isNeeded: isContractKey || isFact,
      isShared,
      row: inRow.row,
      bytesAt: inRow.bytesAt,
      rowLength: inRow.rowLength,
      bytesLength: inRow.bytesLength,
      next: null,
      setIn: -1,
      place: -1,
    };
  }

  function after(previous: KnownKey, wire: Wire, start: number, end: number): KnownKey {
    const { next } = previous;
    if (next !== null && isKey(next, wire.view, start, end)) return next;
    const known = byBytes.at(wire, start, end);
    if (known.isShared) previous.next = known;
    return known;
  }

  /** A sender that makes up keys without end only makes the others' keys be judged again. */
  function begin(): void {
    if (keys.size < KEY_LIMIT) return;
    forgotten += 1;
    keys.clear();
    byBytes.forget();
    // Keys from before are others than those of the same name from now on.
    first.next = null;
    long.next = null;
  }

  return { begin, after, named, forgotten: () => forgotten, first };
}

/** The part of a value that is kept. */
export function keptText({ isPath, maxKeptLength }: KnownKey, value: string): string {
  const end = isPath ? value.search(/[?#]/) : -1;
  return cutText(end === -1 ? value : value.slice(0, end), maxKeptLength);
}

/** The bit by which an attribute is known where only those matter that the contract requires; 0: it is not required. */
export function requiredBit({ required }: CompiledContract, name: string | undefined): number {
  const place = required.findIndex((one) => one === name);
  return place === -1 ? 0 : 1 << place;
}

/** Whether these bytes are the key, which is shared. */
export function isKey({ row, bytesAt, bytesLength }: KnownKey, view: DataView, start: number, end: number): boolean {
  return end - start === bytesLength && isSameBytes(view, start, end, row, bytesAt);
}

function keyInRow(key: string): Pick<KnownKey, 'row' | 'bytesAt' | 'rowLength' | 'bytesLength'> {
  const length = Buffer.byteLength(key);
  const bytesAt = length < 0x80 ? 1 : 2;
  const bytes = Buffer.allocUnsafeSlow(bytesAt + length);
  bytes[0] = bytesAt === 1 ? length : (length & 0x7f) | 0x80;
  if (bytesAt === 2) bytes[1] = length >>> 7;
  bytes.write(key, bytesAt);
  return { row: new DataView(bytes.buffer), bytesAt, rowLength: bytes.length, bytesLength: length };
}

const NOT_IN_ROW = keyInRow('');

function skippedKey(): KnownKey {
  return {
    key: '',
    use: 'skip',
    maxLength: MAX_VALUE_LENGTH,
    maxKeptLength: MAX_VALUE_LENGTH,
    isPath: false,
    slot: -1,
    isMark: false,
    isContractKey: false,
    requiredBit: 0,
    isNeeded: false,
    isShared: true,
    row: NOT_IN_ROW.row,
    bytesAt: NOT_IN_ROW.bytesAt,
    rowLength: NOT_IN_ROW.rowLength,
    bytesLength: NOT_IN_ROW.bytesLength,
    next: null,
    setIn: -1,
    place: -1,
  };
}
