import fc from 'fast-check';
import type { JsonRequest, KeyValue, Value } from './request.js';

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((one) => Buffer.from(one).toString('hex'));

const anyText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.constantFrom('acme', 'chat', 'gpt-4o', '\uFEFFmark', '\uFFFD', '', '__proto__'),
);

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyText.map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((one) => ({ intValue: one.toString() })),
    fc.nat(5_000).map((one) => ({ intValue: String(one) })),
    fc.double({ noDefaultInfinity: true, noNaN: true }).map((doubleValue) => ({ doubleValue })),
    fc.constantFrom('NaN', 'Infinity', '-Infinity').map((doubleValue) => ({ doubleValue })),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc
      .array(fc.record({ key: anyText, value: tie('value') }), { maxLength: 3 })
      .map((values) => ({ kvlistValue: { values } })),
  ) as fc.Arbitrary<Value>,
})).value;

const key = fc.oneof(
  anyText,
  fc.constantFrom(
    'tenant.id',
    'feature.id',
    'budget.policy.id',
    'user.id',
    'tenantId',
    'server.address',
    'gen_ai.operation.name',
    'gen_ai.provider.name',
    'gen_ai.system',
    'gen_ai.request.model',
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.cost',
    'gen_ai.input.messages',
    'service.name',
  ),
);

const attributes: fc.Arbitrary<KeyValue[]> = fc.array(fc.record({ key, value }), { maxLength: 8 });

const timeNano = fc.bigInt({ min: 0n, max: 9_000_000_000_000_000_000n }).map((one) => one.toString());
const uint32 = fc.nat(2 ** 31).map((one) => one * 2);

const span = fc.record({
  traceId: fc.oneof(
    { weight: 9, arbitrary: hex(16) },
    { weight: 1, arbitrary: fc.constantFrom('', '00'.repeat(16), 'ab') },
  ),
  spanId: fc.oneof(
    { weight: 9, arbitrary: hex(8) },
    { weight: 1, arbitrary: fc.constantFrom('', '00'.repeat(8), 'abcd') },
  ),
  parentSpanId: fc.oneof(
    { weight: 9, arbitrary: hex(8) },
    { weight: 3, arbitrary: fc.constantFrom('', '00'.repeat(8), 'ab') },
  ),
  traceState: anyText,
  flags: uint32,
  name: anyText,
  kind: fc.nat(7),
  startTimeUnixNano: timeNano,
  endTimeUnixNano: timeNano,
  attributes,
  droppedAttributesCount: uint32,
  events: fc.array(fc.record({ name: anyText, attributes }), { maxLength: 1 }),
  links: fc.array(fc.record({ traceId: hex(16), spanId: hex(8), attributes }), { maxLength: 2 }),
  status: fc.record({ code: fc.nat(3), message: anyText }),
});

/** Requests as senders could write them, with the odd bad id. */
export const anyRequest: fc.Arbitrary<JsonRequest> = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes }),
      scopeSpans: fc.array(
        fc.record({ scope: fc.record({ name: anyText, version: anyText }), spans: fc.array(span, { maxLength: 4 }) }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
});
