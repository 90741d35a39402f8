import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../../collector/otlp/json.js';
import { decodeProtobuf } from '../../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../../collector/otlp/span-reader.js';
import { contract } from '../../support/contract.js';
import type { JsonRequest, JsonSpan } from './request.js';
import { callSpan, int, requestOf, text, toJson, toProtobuf } from './request.js';

const reader = createSpanReader(contract({ attributes: { feature: { aliases: ['service.name'] } } }));
const encodings = [
  ['protobuf', (request: JsonRequest) => decodeProtobuf(toProtobuf(request), reader)],
  ['JSON', (request: JsonRequest) => decodeJson(toJson(request), reader)],
] as const;

describe.each(encodings)('a span decoded from %s', (_name, decode) => {
  const one = (span: JsonSpan) => decode(requestOf([span])).spans[0];

  it('says what the request says', () => {
    const span = one({
      ...callSpan([text('tenant.id', 'acme')]),
      flags: 0x301,
      traceState: 'a=b',
      status: { code: 2 },
      droppedAttributesCount: 3,
    });
    expect(span).toMatchObject({
      traceId: '00000000000000000000000000000001',
      spanId: '0000000000000001',
      parentSpanId: null,
      traceState: 'a=b',
      flags: 0x301,
      service: 'agent',
      scopeName: 'test',
      scopeVersion: '1.0.0',
      name: 'chat gpt-4o',
      kind: 3,
      status: 2,
      droppedAttributes: 3,
      call: {
        dialect: 'otel-genai',
        operation: 'chat',
        provider: 'openai',
        usage: { inputTokens: 1000, outputTokens: 100 },
      },
    });
  });

  it('has times in whole microseconds, rounded down', () => {
    expect(one(callSpan())).toMatchObject({ startUs: 1_793_620_800_000_001, endUs: 1_793_620_801_000_000 });
  });

  it('keeps the time of a span that ends before it starts', () => {
    expect(one({ ...callSpan(), startTimeUnixNano: '2000', endTimeUnixNano: '1000' })).toMatchObject({
      startUs: 2,
      endUs: 1,
    });
  });

  it('takes the last value of a key that comes twice', () => {
    const span = one(callSpan([text('tenant.id', 'first'), text('tenant.id', 'last')]));
    expect(span?.attributes.filter((_, i) => span.attributes[i - 1] === 'tenant.id')).toEqual(['last']);
  });

  it('has the attributes of its resource that it does not override', () => {
    const resource = {
      attributes: [text('service.name', 'agent'), text('tenant.id', 'of-resource'), text('budget.policy.id', 'pro')],
    };
    const { spans } = decode({
      resourceSpans: [{ resource, scopeSpans: [{ spans: [callSpan([text('tenant.id', 'own')])] }] }],
    });
    expect(spans[0]?.attributes).toEqual(['tenant.id', 'own', 'service.name', 'agent', 'budget.policy.id', 'pro']);
  });

  it('is of unknown_service where the resource has no name, or none at all', () => {
    expect(decode(requestOf([callSpan()], '')).spans[0]?.service).toBe('unknown_service');
    expect(decode({ resourceSpans: [{ scopeSpans: [{ spans: [callSpan()] }] }] }).spans[0]?.service).toBe(
      'unknown_service',
    );
  });

  it('keeps no content, no secrets and no query', () => {
    const span = one(
      callSpan([
        text('gen_ai.input.messages', 'SECRET'),
        text('gen_ai.prompt.0.content', 'SECRET'),
        text('http.request.header.authorization', 'SECRET'),
        text('url.full', 'https://example.com/?key=SECRET'),
        text('http.target', '/v1/chat?key=SECRET'),
        text('user.password', 'SECRET'),
      ]),
    );
    expect(JSON.stringify(span)).not.toContain('SECRET');
    expect(span?.attributes).toContain('/v1/chat');
  });

  it('writes values that are no text as JSON would', () => {
    const span = one({
      ...callSpan(),
      attributes: [
        int('tenant.id', 42),
        { key: 'feature.id', value: { boolValue: true } },
        { key: 'user.id', value: { doubleValue: 1.5 } },
        { key: 'team.id', value: { intValue: '-9223372036854775808' } },
        { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }] } } },
      ],
    });
    expect(span?.attributes).toEqual(expect.arrayContaining(['42', 'true', '1.5', '-9223372036854775808', '["a",1]']));
  });

  it('is rejected without a valid id, and the others stay', () => {
    const spans = [
      callSpan(),
      { ...callSpan(), traceId: '00'.repeat(16) },
      { ...callSpan(), traceId: 'ab' },
      { ...callSpan(), spanId: '' },
      { ...callSpan(), parentSpanId: 'abcd' },
    ];
    const decoded = decode(requestOf(spans));
    expect(decoded).toMatchObject({ rejected: 4, rejectedReason: expect.stringContaining('trace id') });
    expect(decoded.spans).toHaveLength(1);
  });

  it('has no parent where the parent is all zero', () => {
    expect(one({ ...callSpan(), parentSpanId: '00'.repeat(8) })?.parentSpanId).toBeNull();
  });

  it('takes kinds and status codes that OTLP does not know for unspecified', () => {
    expect(one({ ...callSpan(), kind: 258, status: { code: 257 } })).toMatchObject({ kind: 0, status: 0 });
  });

  it('reports no tokens where a count is no count', () => {
    const bad = [
      { doubleValue: 'NaN' },
      { intValue: '-1' },
      { doubleValue: 1.5 },
      { intValue: '9223372036854775807' },
    ] as const;
    for (const value of bad) {
      const span = one({
        ...callSpan(),
        attributes: [text('gen_ai.operation.name', 'chat'), { key: 'gen_ai.usage.input_tokens', value }],
      });
      expect(span?.call?.usage).toBeNull();
    }
  });
});

describe('decodeJson', () => {
  const decode = (request: unknown) => decodeJson(toJson(request), reader);
  const raw = (json: string) => decodeJson(Buffer.from(json), reader);
  const withSpan = (fields: object) => decode(requestOf([{ ...callSpan(), ...fields }]));

  it('takes ids in upper case, unknown fields, null, numbers as text and enums by name', () => {
    const { spans } = withSpan({
      traceId: '5B8EFFF798038103D269B633813FC60C',
      spanId: 'EEE19B7EC3C1B174',
      parentSpanId: 'EEE19B7EC3C1B173',
      kind: 'SPAN_KIND_SERVER',
      status: { code: 'STATUS_CODE_ERROR' },
      startTimeUnixNano: 1_544_712_660_000_000_000,
      links: null,
      surprise: { deep: [1] },
    });
    expect(spans[0]).toMatchObject({
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: 'eee19b7ec3c1b174',
      parentSpanId: 'eee19b7ec3c1b173',
      kind: 2,
      status: 2,
      startUs: 1_544_712_660_000_000,
    });
  });

  it('is not harmed by __proto__', () => {
    const { spans } = raw(
      JSON.stringify(requestOf([callSpan([text('tenant.id', 'acme')])])).replace('"kind":3', '"__proto__":{"kind":5}'),
    );
    expect(spans[0]).toMatchObject({ kind: 0 });
    expect(({} as { kind?: number }).kind).toBeUndefined();
  });

  it.each([
    ['no JSON', '{"resourceSpans": SECRET', /not valid JSON/],
    ['no object', '[]', /not an object/],
    ['a list that is none', '{"resourceSpans":{}}', /resourceSpans is not a list/],
    ['nesting without end', `{"resourceSpans":${'['.repeat(100_000)}`, /nested more than 256 deep at byte \d+/],
  ])('refuses %s', (_what, json, message) => {
    expect(() => raw(json)).toThrow(message);
    expect(() => raw(json)).not.toThrow(/SECRET/);
  });

  it.each([
    ['a kind that is no number', { kind: [] }, /kind/],
    ['a time that is no number', { startTimeUnixNano: 'soon' }, /startTimeUnixNano/],
    ['a time before 1970', { startTimeUnixNano: -1 }, /startTimeUnixNano/],
    ['a name that is no text', { name: 7 }, /name is not a string/],
    [
      'an integer over 64 bits',
      { attributes: [{ key: 'tenant.id', value: { intValue: '9223372036854775808' } }] },
      /64/,
    ],
    ['an attribute that is none', { attributes: ['tenant.id'] }, /not an object/],
  ])('refuses %s and says where', (_what, fields, message) => {
    expect(() => withSpan(fields)).toThrow(message);
    expect(() => withSpan(fields)).toThrow(/resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]/);
  });

  it('refuses text that is no UTF-8', () => {
    expect(() => decodeJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), reader)).toThrow(/UTF-8/);
  });

  it('refuses what would fill the memory before it builds anything', () => {
    const before = performance.now();
    expect(() => raw(`{"a":[${'{},'.repeat(5_000_000)}{}]}`)).toThrow(/4000000 JSON parts/);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
