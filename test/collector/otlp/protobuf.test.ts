import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnyValue } from '../../../collector/otlp/any-value.js';
import type { LackingCalls } from '../../../collector/otlp/decoded-request.js';
import { decodeJson } from '../../../collector/otlp/json.js';
import { decodeProtobuf } from '../../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../../collector/otlp/span-reader.js';
import { MAX_VALUE_LENGTH } from '../../../collector/otlp/text.js';
import type { Wire } from '../../../collector/otlp/wire.js';
import { createWire } from '../../../collector/otlp/wire.js';
import type { SpanRows } from '../../../collector/store/span-rows.js';
import { stampRows } from '../../../collector/store/span-rows.js';
import { writeWire } from '../../fuzz/write-wire.js';
import { contract } from '../../support/contract.js';
import { seededRandom } from '../../support/random.js';
import { rowsOf } from '../../support/span-rows.js';
import { anyRequest } from './arbitrary.js';
import { compareDecoders, isComparable } from './compare-decoders.js';
import { callSpan, requestOf, toJson, toProtobuf } from './request.js';
import { comparable, decodeSlowly, lackingCalls } from './slow-decoder.js';

const SEED = 20_261_102;
const reader = createSpanReader(contract());

describe('decodeProtobuf', () => {
  it('gives the same spans as a slow decoder', () => {
    let spans = 0;
    fc.assert(
      fc.property(anyRequest, (request) => {
        const body = toProtobuf(request);
        const { rows, lacking } = decodeProtobuf(body, reader);
        const decoded = rows.spans;
        expect(decoded.map(comparable)).toEqual(decodeSlowly(body));
        expect(byService(lacking)).toEqual(byService(lackingCalls(decoded, contract())));
        expect(Buffer.compare(stamped(rows), stamped(rowsOf(decoded)))).toBe(0);
        spans += decoded.length;
      }),
      { seed: SEED, numRuns: 1_500, endOnFailure: true },
    );
    expect(spans).toBeGreaterThan(1_000);
  });

  it('gives the same spans as JSON does', () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const { rows: jsonRows, ...fromJson } = decodeJson(toJson(request), reader);
        const { rows, ...fromProtobuf } = decodeProtobuf(toProtobuf(request), reader);
        expect(fromJson).toEqual(fromProtobuf);
        expect(Buffer.compare(jsonRows.bytes, rows.bytes)).toBe(0);
      }),
      { seed: SEED, numRuns: 1_000, endOnFailure: true },
    );
  });

  it('survives damage: the same spans as a slow decoder, or a refusal by both', () => {
    const seen = { same: 0, refused: 0, stricter: 0, ambiguous: 0 };
    const edits = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(anyRequest, edits, fc.boolean(), (request, changes, isCut) => {
        seen[compareDecoders(damaged(toProtobuf(request), changes, isCut), reader)] += 1;
      }),
      { seed: SEED, numRuns: 3_000, endOnFailure: true },
    );
    expect(seen.same).toBeGreaterThan(500);
    expect(seen.refused).toBeGreaterThan(500);
    expect(seen.stricter).toBeLessThan(60);
  });

  it('takes a boolean for true where any bit of its varint is set, also one above the low 32', () => {
    const wire = (...bytes: number[]) => createWire(Buffer.of(0x10, ...bytes));
    const read = (one: Wire) => readAnyValue(one, reader, one.bytes.length, MAX_VALUE_LENGTH);
    expect(read(wire(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10))).toBe('true');
    expect(read(wire(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01))).toBe('true');
    expect(read(wire(0x80, 0x80, 0x00))).toBe('false');
  });

  it('writes over rows once they are released, and never before', () => {
    const decoded = (number: number) => decodeProtobuf(toProtobuf(requestOf([callSpan([], number)])), reader).rows;
    const first = decoded(1);
    const second = decoded(2);
    const before = Buffer.from(second.bytes);
    first.release();
    first.release();
    const [third, fourth] = [decoded(3), decoded(4)];
    expect(third.spans[0]?.spanId).toBe('0000000000000003');
    expect(fourth.spans[0]?.spanId).toBe('0000000000000004');
    expect(Buffer.from(second.bytes)).toEqual(before);
    expect(() => first.spans).toThrow(/released/);
  });

  it('takes fields in any order, and keys that come twice: the same spans as a slow decoder, or a refusal by both', () => {
    const seen = { same: 0, refused: 0, stricter: 0, ambiguous: 0 };
    const random = seededRandom(SEED);
    const keys: [string, ...string[]] = ['tenant.id', 'user.id', 'gen_ai.operation.name', 'gen_ai.usage.input_tokens'];
    for (let run = 0; run < 2_500; run += 1) {
      const body = writeWire(random, keys);
      if (isComparable(body)) seen[compareDecoders(body, reader)] += 1;
    }
    expect(seen.same).toBeGreaterThan(500);
    expect(seen.refused).toBeGreaterThan(100);
  }, 120_000);
});

/** The rows as they are inserted. */
function stamped(rows: SpanRows): Uint8Array {
  stampRows(rows, 1_793_620_800_000_000);
  return Uint8Array.from(rows.bytes);
}

function byService(all: readonly LackingCalls[]): Map<string, { calls: number; names: Set<string> }> {
  const services = new Map<string, { calls: number; names: Set<string> }>();
  for (const { service, calls, names } of all) {
    const before = services.get(service);
    services.set(service, {
      calls: calls + (before?.calls ?? 0),
      names: new Set([...(before?.names ?? []), ...names]),
    });
  }
  return services;
}

function damaged(body: Buffer, changes: readonly { at: number; byte: number }[], isCut: boolean): Buffer {
  const copy = Buffer.from(body);
  for (const { at, byte } of changes) if (copy.length > 0) copy[at % copy.length] = byte;
  return isCut ? copy.subarray(0, (changes[0]?.at ?? 0) % (copy.length + 1)) : copy;
}
