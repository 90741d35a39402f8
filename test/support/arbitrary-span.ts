import fc from 'fast-check';
import type { CallFacts, Span, SpanLink, Usage } from '../../schemas/span.js';

/** Whole ids that are not all zero, of so many bytes. */
export const anyId = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((one) => Buffer.from(one).toString('hex'))
    .filter((id) => !/^0+$/.test(id));

/** Text that can be written as UTF-8 and read back: no half of a surrogate pair. */
export const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 90 }),
  fc.constantFrom(
    '',
    'acme',
    '\uFEFFmark',
    '\uFFFD',
    '\0',
    '__proto__',
    'a'.repeat(127),
    'b'.repeat(128),
    'é'.repeat(64),
  ),
);

/** Token counts, and every other number that is stored in 64 bits. */
export const anyCount = fc.oneof(fc.nat(5_000), fc.maxSafeNat());

const uint32 = fc.nat(2 ** 32 - 1);

const anyAttributes: fc.Arbitrary<string[]> = fc
  .uniqueArray(fc.tuple(anyText, anyText), { selector: ([key]) => key, maxLength: 5 })
  .map((pairs) => pairs.flat());

const anyLink: fc.Arbitrary<SpanLink> = fc.record({ traceId: anyId(16), spanId: anyId(8), attributes: anyAttributes });

const anyUsage: fc.Arbitrary<Usage> = fc.record({
  inputTokens: fc.option(anyCount),
  outputTokens: fc.option(anyCount),
  cacheReadTokens: anyCount,
  cacheWriteTokens: anyCount,
  reasoningTokens: anyCount,
  inputAudioTokens: anyCount,
  outputAudioTokens: anyCount,
});

/** Amounts of money as they are kept: dollars with 12 decimals, below a million. */
export const anyUsd = fc
  .tuple(fc.nat(999_999), fc.nat(999_999_999), fc.nat(999))
  .map(([dollars, nano, pico]) => `${dollars}.${String(nano).padStart(9, '0')}${String(pico).padStart(3, '0')}`);

const anyFacts: fc.Arbitrary<CallFacts> = fc.record({
  dialect: fc.constantFrom('otel-genai', 'openinference'),
  operation: anyText,
  provider: anyText,
  requestModel: anyText,
  responseModel: anyText,
  responseId: anyText,
  conversationId: anyText,
  stream: fc.boolean(),
  usage: fc.option(anyUsage),
  usageEstimated: fc.boolean(),
  cacheReplay: fc.boolean(),
  reportedCostUsd: fc.option(anyUsd),
});

/** Any span that a decoder could have made. */
export const anySpan: fc.Arbitrary<Span> = fc.record({
  traceId: anyId(16),
  spanId: anyId(8),
  parentSpanId: fc.option(anyId(8)),
  traceState: anyText,
  flags: uint32,
  service: anyText,
  scopeName: anyText,
  scopeVersion: anyText,
  name: anyText,
  kind: fc.nat(5),
  startUs: fc.maxSafeNat(),
  endUs: fc.maxSafeNat(),
  status: fc.nat(2),
  droppedAttributes: uint32,
  attributes: anyAttributes,
  links: fc.array(anyLink, { maxLength: 3 }),
  call: fc.option(anyFacts),
});
