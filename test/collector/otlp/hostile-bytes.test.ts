import { describe, expect, it } from 'vitest';
import { MalformedRequest, TooManySpans } from '../../../collector/otlp/errors.js';
import { decodeProtobuf } from '../../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../../collector/otlp/span-reader.js';
import { contract } from '../../support/contract.js';
import { callSpan, requestOf, text, toProtobuf } from './request.js';

const reader = createSpanReader(contract());
const decode = (...parts: (Buffer | number[])[]) =>
  decodeProtobuf(Buffer.concat(parts.map((part) => Buffer.from(part))), reader);

function field(number: number, body: Buffer): Buffer {
  const length: number[] = [];
  let left = body.length;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) length.push((left % 0x80) + 0x80);
  return Buffer.concat([Buffer.of(number * 8 + 2, ...length, left), body]);
}

/** A request of one span whose ids are right. */
function spanWith(...fields: Buffer[]): Buffer {
  const ids = [field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2))];
  return field(1, field(2, field(2, Buffer.concat([...ids, ...fields]))));
}

function attribute(key: string, value: Buffer): Buffer {
  return field(9, Buffer.concat([field(1, Buffer.from(key)), field(2, value)]));
}

describe('hostile protobuf', () => {
  it.each([
    ['a length past the end', [0x0a, 0x05, 0x00], /claims 5 bytes/],
    ['a length of 2^32 - 1', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], /claims 4294967295 bytes/],
    ['a number of eleven bytes', [0x08, ...Array.from({ length: 10 }, () => 0xff), 0x01], /over ten bytes/],
    ['a number that is cut off', [0x08, 0x80], /has no end/],
    ['field number 0', [0x02, 0x00], /no field number 0/],
    ['a field number over 29 bits', [0x80, 0x80, 0x80, 0x80, 0x10, 0x00], /no field number/],
    ['wire type 6', [0x0e], /Wire type 6/],
    ['a fixed64 that is cut off', [0x09, 1, 2, 3], /ends too early/],
    ['a fixed32 that is cut off', [0x0d, 1], /ends too early/],
    ['a group that never ends', [0x1b, 0x08, 0x01], /has no end/],
    ['a group that ends as another', [0x1b, 0x24], /never began/],
    ['a group that never began', [0x1c], /never began/],
    ['groups without end', Array.from({ length: 100_000 }, () => 0x1b), /nested over 64 deep/],
  ])('is refused with its place: %s', (_what, bytes, message) => {
    expect(() => decode(bytes)).toThrow(MalformedRequest);
    expect(() => decode(bytes)).toThrow(message);
    expect(() => decode(bytes)).toThrow(/byte \d+/);
  });

  it('passes over whole groups and unknown fields', () => {
    const group = Buffer.of(0x1b, 0x08, 0x01, 0x23, 0x12, 0x01, 0xff, 0x24, 0x1c);
    expect(decode(group, [0xa0, 0x06, 0x01], spanWith()).spans).toHaveLength(1);
  });

  it('does not let an inner message reach past the outer one', () => {
    // ResourceSpans of 2 bytes whose ScopeSpans claims 3; the bytes would be there.
    expect(() => decode([0x0a, 0x02, 0x12, 0x03, 0x00, 0x00, 0x00])).toThrow(/claims 3 bytes, and 0 are left/);
  });

  it('refuses values nested over 64 deep, and takes 64', () => {
    let value = field(1, Buffer.from('x'));
    for (let i = 0; i < 64; i += 1) value = field(5, field(1, value));
    expect(decode(spanWith(attribute('tenant.id', value))).spans[0]?.attributes[1]).toBe(
      `${'['.repeat(64)}"x"${']'.repeat(64)}`,
    );
    value = field(5, field(1, value));
    expect(() => decode(spanWith(attribute('tenant.id', value)))).toThrow(/nested over 64 deep/);
  });

  it('refuses kept text and keys that are no UTF-8, and does not look at content', () => {
    const broken = Buffer.of(0xc3, 0x28);
    expect(() => decode(spanWith(attribute('tenant.id', field(1, broken))))).toThrow(/not valid UTF-8/);
    expect(() => decode(spanWith(field(9, field(1, broken))))).toThrow(/not valid UTF-8/);
    expect(() => decode(spanWith(field(5, broken)))).toThrow(/not valid UTF-8/);
    expect(decode(spanWith(attribute('gen_ai.input.messages', field(1, broken)))).spans).toHaveLength(1);
  });

  it('refuses broken text behind the place where it is cut', () => {
    const long = Buffer.concat([Buffer.alloc(10_000, 0x61), Buffer.of(0xff)]);
    expect(() => decode(spanWith(attribute('tenant.id', field(1, long))))).toThrow(/not valid UTF-8/);
  });

  it('cuts long texts without splitting a character', () => {
    const [span] = decode(spanWith(attribute('tenant.id', field(1, Buffer.from(`a${'😀'.repeat(5_000)}`))))).spans;
    expect(span?.attributes[1]).toBe(`a${'😀'.repeat(511)}`);
    const [named] = decode(spanWith(field(5, Buffer.alloc(1_000_000, 0x61)))).spans;
    expect(named?.name).toHaveLength(1_024);
  });

  it('keeps 64 attributes, and those of the contract however late they come', () => {
    const flood = Array.from({ length: 5_000 }, (_, i) => attribute(`team.n${i}`, field(1, Buffer.from('x'))));
    const late = attribute('tenant.id', field(1, Buffer.from('acme')));
    const [span] = decode(spanWith(...flood, late)).spans;
    expect(span?.attributes).toHaveLength(128);
    expect(span?.attributes.slice(0, 2)).toEqual(['tenant.id', 'acme']);
  });

  it('keeps 64 attributes of a resource that has more, after those of the contract', () => {
    const flood = Array.from({ length: 90 }, (_, i) => text(`team.n${i}`, 'x'));
    const resource = { attributes: [...flood, text('feature.id', 'chat')] };
    const spans = [callSpan([text('tenant.id', 'acme')])];
    const decoded = decode(toProtobuf({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })).spans[0];
    expect(decoded?.attributes).toHaveLength(128);
    expect(decoded?.attributes).toEqual(expect.arrayContaining(['tenant.id', 'acme', 'feature.id', 'chat']));
  });

  it('keeps a signature whole, however long it is and however late it comes', () => {
    const flood = Array.from({ length: 5_000 }, (_, i) => attribute(`team.n${i}`, field(1, Buffer.from('x'))));
    const token = 'x'.repeat(3_000);
    const [span] = decode(spanWith(...flood, attribute('attribution.signature', field(1, Buffer.from(token))))).spans;
    expect(span?.attributes.slice(0, 2)).toEqual(['attribution.signature', token]);
  });

  it('takes a flood of attributes in little time', () => {
    const flood = Array.from({ length: 50_000 }, (_, i) => attribute(`team.n${i}`, field(1, Buffer.from('x'))));
    const body = spanWith(Buffer.concat(flood));
    const before = performance.now();
    decode(body);
    // Looking through all before each would take minutes.
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('takes a key of a megabyte in little time, and forgets it', () => {
    const key = `mastra.${'.input'.repeat(170_000)}`;
    const before = performance.now();
    expect(decode(spanWith(attribute(key, field(1, Buffer.from('x'))))).spans[0]?.attributes).toEqual([]);
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('takes the last of several values at once, also one that is not kept', () => {
    const array = field(5, field(1, field(1, Buffer.from('x'))));
    const bytes = field(7, Buffer.of(1));
    const of = (...values: Buffer[]) =>
      decode(spanWith(attribute('tenant.id', Buffer.concat(values)))).spans[0]?.attributes[1];
    expect(of(array, bytes)).toBe('');
    expect(of(bytes, array)).toBe('["x"]');
    expect(of(field(5, field(1, Buffer.concat([field(1, Buffer.from('x')), bytes]))))).toBe('[null]');
  });

  it('keeps usable links only, and 128 of them', () => {
    const link = (traceBytes: number) =>
      field(13, Buffer.concat([field(1, Buffer.alloc(traceBytes, 1)), field(2, Buffer.alloc(8, 2))]));
    expect(decode(spanWith(link(16), link(15), link(0))).spans[0]?.links).toHaveLength(1);
    expect(decode(spanWith(...Array.from({ length: 1_000 }, () => link(16)))).spans[0]?.links).toHaveLength(128);
  });

  it('refuses more spans than a request may hold', () => {
    const small = createSpanReader(contract(), { maxSpans: 2 });
    const spans = [callSpan([], 1), callSpan([], 2), callSpan([], 3)];
    expect(decodeProtobuf(toProtobuf(requestOf(spans.slice(0, 2))), small).spans).toHaveLength(2);
    expect(() => decodeProtobuf(toProtobuf(requestOf(spans)), small)).toThrow(TooManySpans);
  });

  it('understands an honest key after a flood of made-up ones', () => {
    const one = createSpanReader(contract());
    for (let i = 0; i < 20_000; i += 1) one.keyNamed(`made.up.${i}`);
    expect(one.keyNamed('tenant.id').use).toBe('keep');
    expect(
      decodeProtobuf(toProtobuf(requestOf([callSpan([text('tenant.id', 'acme')])])), one).spans[0]?.attributes,
    ).toContain('acme');
  });
});
