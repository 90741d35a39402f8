import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Receiver } from '../../../collector/otlp/receiver.js';
import type { Span } from '../../../schemas/span.js';
import type { KeyValue } from './request.js';
import { callSpan, requestOf, statusType, text, toJson, toProtobuf } from './request.js';
import { JSON_TYPE, PROTOBUF, receive, send } from './send.js';

let receiver: Receiver;
let stored: Span[];
beforeAll(async () => {
  ({ receiver, stored } = await receive());
});
afterAll(async () => receiver.stop());

/** Sends a body, and says what was answered, in words, and what was stored. */
async function answer(body: Buffer, headers: Record<string, string>) {
  stored.length = 0;
  const reply = await send(receiver, body, { headers });
  const isProtobuf = reply.headers['content-type'] === PROTOBUF['content-type'] && reply.status !== 200;
  const said: unknown = isProtobuf
    ? statusType.toObject(statusType.decode(reply.body))['message']
    : reply.body.toString();
  return { status: reply.status, said, stored: [...stored] };
}

const inJson = (body: string) => answer(Buffer.from(body), JSON_TYPE);

function field(number: number, body: Buffer): Buffer {
  const length: number[] = [];
  let left = body.length;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) length.push((left % 0x80) + 0x80);
  return Buffer.concat([Buffer.of(number * 8 + 2, ...length, left), body]);
}

/** A request of one call in JSON, with whatever stands in place of its attributes. */
function jsonWith(attributes: string): string {
  const marked = requestOf([callSpan([text('MARK', '')])]);
  return JSON.stringify(marked).replace('{"key":"MARK","value":{"stringValue":""}}', attributes);
}

/** An AnyValue that is nested so deep. */
function nestedJson(depth: number): string {
  return `${'{"arrayValue":{"values":['.repeat(depth)}{"stringValue":"x"}${']}}'.repeat(depth)}`;
}

function nestedProtobuf(depth: number): Buffer {
  let value = field(1, Buffer.from('x'));
  for (let i = 0; i < depth; i += 1) value = field(5, field(1, value));
  return value;
}

function protobufWith(value: Buffer): Buffer {
  const ids = [field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2))];
  const attribute = field(9, Buffer.concat([field(1, Buffer.from('tenant.id')), field(2, value)]));
  return field(1, field(2, field(2, Buffer.concat([...ids, attribute]))));
}

describe('a request of a hostile shape', () => {
  it.each([
    [
      'values nested 10,000 deep',
      protobufWith(nestedProtobuf(10_000)),
      PROTOBUF,
      400,
      /nested over 64 deep at byte \d+/,
    ],
    ['groups nested 10,000 deep', Buffer.alloc(10_000, 0x1b), PROTOBUF, 400, /nested over 64 deep at byte \d+/],
    [
      'values nested 10,000 deep in JSON',
      Buffer.from(jsonWith(`{"key":"tenant.id","value":${nestedJson(10_000)}}`)),
      JSON_TYPE,
      400,
      /nested more than 256 deep at byte \d+/,
    ],
    [
      'values nested 80 deep in JSON',
      Buffer.from(jsonWith(`{"key":"tenant.id","value":${nestedJson(80)}}`)),
      JSON_TYPE,
      400,
      /nested/,
    ],
    ['10,000 brackets', Buffer.from('['.repeat(10_000)), JSON_TYPE, 400, /nested more than 256 deep at byte 256/],
    ['a varint of eleven bytes', Buffer.from('08ffffffffffffffffffff01', 'hex'), PROTOBUF, 400, /over ten bytes/],
    ['a length of 4 GB', Buffer.from('0affffffff0f', 'hex'), PROTOBUF, 400, /claims 4294967295 bytes, and 0 are left/],
    ['JSON that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), JSON_TYPE, 400, /not UTF-8/],
    ['protobuf called JSON', toProtobuf(requestOf([callSpan()])), JSON_TYPE, 400, /not valid JSON|not UTF-8/],
    ['JSON called protobuf', toJson(requestOf([callSpan()])), PROTOBUF, 400, /byte \d+/],
    [
      'a bomb of 64 MB and a byte',
      gzipSync(Buffer.alloc(64 * 1024 ** 2 + 1)),
      { ...PROTOBUF, 'content-encoding': 'gzip' },
      413,
      /larger than 67108864 bytes when decompressed/,
    ],
    [
      'gzip in gzip',
      gzipSync(gzipSync(toProtobuf(requestOf([callSpan()])))),
      { ...PROTOBUF, 'content-encoding': 'gzip' },
      400,
      /byte \d+/,
    ],
    [
      'two encodings at once',
      gzipSync(Buffer.alloc(1)),
      { ...PROTOBUF, 'content-encoding': 'gzip, gzip' },
      415,
      /'gzip, gzip' is not taken/,
    ],
    ['a form', Buffer.from('a=b'), { 'content-type': 'application/x-www-form-urlencoded' }, 415, /is not taken/],
    ['a type that only begins right', Buffer.from('{}'), { 'content-type': 'application/jsonp' }, 415, /is not taken/],
  ])('is answered with what is wrong, and nothing is stored: %s', async (_what, body, headers, status, message) => {
    const got = await answer(body, headers);
    expect(got).toMatchObject({ status, stored: [] });
    expect(got.said).toMatch(message);
  });
});

describe('token counts at the edges', () => {
  const counted = (value: string) => `{"key":"gen_ai.usage.input_tokens","value":${value}}`;
  const usageOf = async (value: string) => {
    const { status, said, stored: spans } = await inJson(jsonWith(counted(value)));
    return { status, said, tokens: spans[0]?.call?.usage?.inputTokens };
  };

  it.each(['{"intValue":"9007199254740991"}', '{"intValue":9007199254740991}', '{"stringValue":"9007199254740991"}'])(
    'are taken up to 2^53 - 1: %s',
    async (value) => expect(await usageOf(value)).toMatchObject({ status: 200, tokens: 2 ** 53 - 1 }),
  );

  it.each([
    '{"intValue":"9007199254740992"}',
    '{"intValue":"9223372036854775807"}',
    '{"stringValue":"9223372036854775808"}',
    '{"stringValue":"18446744073709551615"}',
    '{"intValue":"-1"}',
    '{"intValue":"-9223372036854775808"}',
    '{"doubleValue":"NaN"}',
    '{"doubleValue":"Infinity"}',
    '{"doubleValue":"-Infinity"}',
    '{"doubleValue":-5}',
    '{"doubleValue":1e308}',
    '{"doubleValue":0.5}',
    '{"boolValue":true}',
    '{"stringValue":"1e3"}',
    '{"stringValue":"0x10"}',
  ])('are unknown, and neither zero nor something near, where they are none: %s', async (value) => {
    expect(await usageOf(value)).toMatchObject({ status: 200, tokens: null });
  });

  it.each([
    ['{"intValue":"9223372036854775808"}', /9223372036854775808 at .*attributes\[5\]\.value is over 64 bits/],
    ['{"intValue":"18446744073709551615"}', /18446744073709551615 at .*attributes\[5\]\.value is over 64 bits/],
    ['{"intValue":9223372036854775808}', /9223372036854776000 at .*attributes\[5\]\.value is over 64 bits/],
    ['{"intValue":18446744073709551615}', /18446744073709552000 at .*attributes\[5\]\.value is over 64 bits/],
    ['{"intValue":1e400}', /is no 64-bit integer/],
    ['{"intValue":NaN}', /not valid JSON/],
    ['{"doubleValue":"many"}', /many.* at .* is no number/],
  ])('are refused where no sender of OTLP can write them: %s', async (value, message) => {
    const { status, said, tokens } = await usageOf(value);
    expect({ status, tokens }).toEqual({ status: 400, tokens: undefined });
    expect(said).toMatch(message);
  });

  it.each([
    ['2^53 - 1', 2n ** 53n - 1n, 2 ** 53 - 1],
    ['2^53', 2n ** 53n, null],
    ['2^63 - 1', 2n ** 63n - 1n, null],
    // What has 64 bits is a negative number to protobuf.
    ['2^63', 2n ** 63n, null],
    ['2^64 - 1', 2n ** 64n - 1n, null],
  ])('are read from protobuf without losing a digit: %s', async (_what, count, tokens) => {
    const attribute: KeyValue = {
      key: 'gen_ai.usage.input_tokens',
      value: { intValue: BigInt.asIntN(64, count).toString() },
    };
    const { status, stored: spans } = await answer(toProtobuf(requestOf([callSpan([attribute])])), PROTOBUF);
    expect({ status, tokens: spans[0]?.call?.usage?.inputTokens }).toEqual({ status: 200, tokens });
  });
});

describe('keys that mean something to JavaScript, or stand twice', () => {
  it('lets the last of two like keys of JSON count, as of two attributes', async () => {
    const twice = '{"key":"tenant.id","key":"feature.id","value":{"stringValue":"a"},"value":{"stringValue":"b"}}';
    const { stored: spans } = await inJson(jsonWith(twice));
    expect(spans[0]?.attributes).toEqual(['feature.id', 'b']);
    const attributes = [text('tenant.id', 'acme'), text('tenant.id', 'globex')];
    for (const [body, headers] of [
      [toJson(requestOf([callSpan(attributes)])), JSON_TYPE],
      [toProtobuf(requestOf([callSpan(attributes)])), PROTOBUF],
    ] as const) {
      expect((await answer(body, headers)).stored[0]?.attributes).toEqual(['tenant.id', 'globex']);
    }
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'takes %s as a name like any other',
    async (name) => {
      const inside = `{"key":"tenant.id","value":{"kvlistValue":{"values":[{"key":"${name}","value":{"stringValue":"x"}}]}}}`;
      const beside = `{"key":"${name}","value":{"stringValue":"x"},"${name}":{"key":"tenant.id"}}`;
      const body = jsonWith(`${inside},${beside}`).replace('{"resourceSpans"', `{"${name}":{"a":1},"resourceSpans"`);
      const { status, stored: spans } = await inJson(body);
      expect(status).toBe(200);
      expect(spans[0]?.attributes).toEqual(['tenant.id', `{"${name}":"x"}`]);
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  );
});
