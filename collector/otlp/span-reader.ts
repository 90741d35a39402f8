import type { CompiledContract } from '../../auditor/contract.js';
import { factKeys } from '../../auditor/dialects/places.js';
import type { CallReader } from '../../auditor/dialects/read-call.js';
import { callReaderFor } from '../../auditor/dialects/read-call.js';
import type { RowWriter } from '../store/row-writer.js';
import { createRowWriter } from '../store/row-writer.js';
import { TooManySpans } from './errors.js';
import { createInternTable } from './intern.js';
import type { KnownKey, KnownKeys } from './known-key.js';
import { createKnownKeys } from './known-key.js';
import type { SpanAttributes } from './span-attributes.js';
import { createSpanAttributes } from './span-attributes.js';
import { decodeText, MAX_VALUE_LENGTH } from './text.js';
import type { Wire } from './wire.js';

/** What decoding needs to know of the contract, and what it remembers between requests. All of it is bounded. */
export interface SpanReader {
  /** Begins a request: only here is anything forgotten. */
  readonly begin: () => void;
  readonly contract: CompiledContract;
  readonly keys: KnownKeys;
  readonly keyNamed: (key: string) => KnownKey;
  /** The text that stands in these bytes. @throws MalformedRequest where they are no UTF-8 */
  readonly textIn: (wire: Wire, start: number, end: number) => string;
  /** What is known of the attributes of the span that is being read. */
  readonly attributes: SpanAttributes;
  /** Where the rows of the request that is being read gather. */
  readonly row: RowWriter;
  /** Reads calls off the spans of an instrumentation scope. */
  readonly callReader: (scopeName: string, scopeVersion: string) => CallReader;
  /** Counts the spans of a request. @throws TooManySpans */
  readonly checkCount: (spans: number) => void;
}

const SCOPE_LIMIT = 1_024;
const TEXT_TABLE_BITS = 14;

/**
 * Creates a reader for one contract.
 *
 * @param limits `maxSpans`: spans that one request may hold
 */
export function createSpanReader(contract: CompiledContract, { maxSpans = Infinity } = {}): SpanReader {
  const readers = new Map<string, CallReader>();
  const keys = createKnownKeys(contract);
  const row = createRowWriter();
  const texts = createInternTable(TEXT_TABLE_BITS, (wire, start, end) =>
    decodeText(wire.bytes, start, end, MAX_VALUE_LENGTH),
  );

  function callReader(scopeName: string, scopeVersion: string): CallReader {
    const scope = JSON.stringify([scopeName, scopeVersion]);
    let read = readers.get(scope);
    if (read === undefined) {
      read = callReaderFor(scopeName, scopeVersion);
      if (readers.size >= SCOPE_LIMIT) readers.clear();
      readers.set(scope, read);
    }
    return read;
  }

  return {
    begin: () => {
      keys.begin();
      row.reset();
    },
    contract,
    keys,
    keyNamed: keys.named,
    textIn: texts.at,
    attributes: createSpanAttributes(factKeys.size),
    row,
    callReader,
    checkCount: (spans) => {
      if (spans > maxSpans) {
        throw new TooManySpans(`A request may hold ${maxSpans} spans, and this one holds more. Send smaller ones.`);
      }
    },
  };
}
