import type { CompiledContract } from '../../auditor/contract.js';
import { isContentKey } from '../../auditor/dialects/content-keys.js';
import { keptKeys } from '../../auditor/dialects/kept-keys.js';
import { factKeys, jsonFactKeys, markKeys } from '../../auditor/dialects/places.js';
import { SIGNATURE_KEY } from '../../schemas/signature.js';
import { createInternTable } from './intern.js';
import { cutText, decodeText, MAX_VALUE_LENGTH } from './text.js';
import type { Wire } from './wire.js';
import { WireType } from './wire.js';

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
  readonly isContractKey: boolean;
  /** The bit of the required attribute that it stands for, and `MARK_BIT` where it shows that a span may be a call. */
  readonly bits: number;
  /** Whether it counts however many others a span has: one of the contract, or one that tells of a call. */
  readonly isNeeded: boolean;
  /** Whether whoever asks for the key during one request gets this same object. */
  readonly isShared: boolean;
  /**
   * The key as it stands in an attribute, and in part in a row: the tag of a key, its length, its bytes, the tag of a
   * value. Only of one that is shared.
   */
  readonly form: DataView;
  readonly formLength: number;
  /** The key that came after it last time: senders write their attributes in the same order again and again. */
  next: KnownKey | null;
  /** The span that has set it last, by serial number. */
  setIn: number;
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

/** Of the bits of all keys of a span: it may be a call. No contract requires so many attributes. */
export const MARK_BIT = 1 << 30;

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
    const form = isShared ? formOf(key) : NO_FORM;
    const name = use === 'keep' ? contract.attributeByKey.get(key)?.name : undefined;
    return {
      key,
      use,
      maxLength: jsonFactKeys.has(key) || key === SIGNATURE_KEY ? MAX_JSON_LENGTH : MAX_VALUE_LENGTH,
      maxKeptLength: key === SIGNATURE_KEY ? MAX_JSON_LENGTH : MAX_VALUE_LENGTH,
      isPath: key === 'http.target' || key === 'url.path',
      slot: use === 'skip' ? -1 : (factKeys.get(key) ?? -1),
      isContractKey,
      bits: requiredBit(contract, name) | (use !== 'skip' && markKeys.has(key) ? MARK_BIT : 0),
      isNeeded: isContractKey || isFact,
      isShared,
      form,
      formLength: form.byteLength,
      next: null,
      setIn: -1,
    };
  }

  function after(previous: KnownKey, wire: Wire, start: number, end: number): KnownKey {
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

function formOf(key: string): DataView {
  const length = Buffer.byteLength(key);
  const head = length < 0x80 ? [KEY_TAG, length] : [KEY_TAG, (length & 0x7f) | 0x80, length >>> 7];
  const bytes = Uint8Array.from([...head, ...Buffer.from(key), VALUE_TAG]);
  return new DataView(bytes.buffer);
}

const KEY_TAG = 8 + WireType.length;
const VALUE_TAG = 16 + WireType.length;

const NO_FORM = new DataView(new ArrayBuffer(0));

function skippedKey(): KnownKey {
  return {
    key: '',
    use: 'skip',
    maxLength: MAX_VALUE_LENGTH,
    maxKeptLength: MAX_VALUE_LENGTH,
    isPath: false,
    slot: -1,
    isContractKey: false,
    bits: 0,
    isNeeded: false,
    isShared: true,
    form: NO_FORM,
    formLength: 0,
    next: null,
    setIn: -1,
  };
}
