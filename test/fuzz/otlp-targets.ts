import { strict as assert } from 'node:assert';
import { factKeys } from '../../auditor/dialects/places.js';
import type { DecodedRequest } from '../../collector/otlp/decoded-request.js';
import { MalformedRequest } from '../../collector/otlp/errors.js';
import { decodeJson } from '../../collector/otlp/json.js';
import { decodeProtobuf } from '../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../collector/otlp/span-reader.js';
import { compareDecoders, isComparable } from '../collector/otlp/compare-decoders.js';
import type { JsonRequest } from '../collector/otlp/request.js';
import { callSpan, int, requestOf, text, toJson, toProtobuf } from '../collector/otlp/request.js';
import { contract } from '../support/contract.js';
import type { Random } from './choose.js';
import { mutateBytes } from './mutate-bytes.js';
import { mutateJson } from './mutate-json.js';
import { assertSaneSpan } from './sane.js';
import type { Target } from './target.js';
import { kindOf } from './target.js';
import { writeWire } from './write-wire.js';

const reader = createSpanReader(contract());

const attributed = [text('tenant.id', 'acme'), text('feature.id', 'chat'), text('budget.policy.id', 'pro')];
const seedRequests: readonly JsonRequest[] = [
  requestOf([callSpan(attributed)]),
  requestOf([
    {
      ...callSpan([...attributed, text('gen_ai.input.messages', 'content'), int('gen_ai.usage.cost', 1)]),
      parentSpanId: '00000000000000ff',
      traceState: 'a=b',
      flags: 0x301,
      droppedAttributesCount: 3,
      status: { code: 2, message: 'why' },
      events: [{ name: 'exception', attributes: [text('exception.message', 'content')] }],
      links: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: [text('tenant.id', 'globex')] }],
    },
    callSpan([{ key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }, { doubleValue: 'NaN' }] } } }], 2),
    callSpan([{ key: 'user.id', value: { kvlistValue: { values: [text('a', 'b')] } } }], 3),
  ]),
];

const keys: [string, ...string[]] = [
  'tenant.id',
  'feature.id',
  'budget.policy.id',
  'user.id',
  'service.name',
  'attribution.signature',
  'gen_ai.operation.name',
  'gen_ai.input.messages',
  'tenantId',
  ...factKeys.keys(),
];

/** OTLP in protobuf, compared with protobufjs where there is time. */
export const protobufTarget: Target = {
  name: 'protobuf',
  seeds: seedRequests.map(toProtobuf),
  generate: (random) => writeWire(random, keys),
  mutate: mutateBytes,
  check: (input, isThorough) => {
    const kind = kindOfAnswer(() => decodeProtobuf(input, reader));
    if (isThorough && isComparable(input)) compareDecoders(input, reader);
    return kind;
  },
};

/** OTLP in JSON. */
export const jsonTarget: Target = {
  name: 'json',
  seeds: seedRequests.map(toJson),
  generate: (random: Random) => {
    const [first = Buffer.alloc(0), second = first] = jsonTarget.seeds;
    let made = random() < 0.5 ? first : second;
    for (let left = 4; left > 0; left -= 1) made = mutateJson(made, first, random);
    return made;
  },
  mutate: mutateJson,
  check: (input) => kindOfAnswer(() => decodeJson(input, reader)),
};

function kindOfAnswer(decode: () => DecodedRequest): string {
  let decoded: DecodedRequest;
  try {
    decoded = decode();
  } catch (error) {
    if (!(error instanceof MalformedRequest)) throw error;
    assert.match(error.message, /^\P{Cc}{10,}$/u, 'a message that names the problem');
    assert.ok(error.message.length < 2_000, 'a message that can be read');
    return kindOf(error.message);
  }
  const { spans, rejected, rejectedReason, lacking } = decoded;
  for (const span of spans) assertSaneSpan(span);
  assert.equal(rejectedReason === '', rejected === 0, 'a reason for what was rejected');
  const calls = new Set(spans.map(({ call }) => call?.dialect));
  return `taken ${Math.min(spans.length, 3)} ${kindOf(rejectedReason)} ${lacking.length > 0} ${[...calls].join()}`;
}
