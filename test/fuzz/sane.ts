import { strict as assert } from 'node:assert';
import type { CallFacts, Span } from '../../schemas/span.js';
import type { GatewayRecord } from '../../schemas/payload.js';

const USD = /^\d{1,6}\.\d{12}$/;

/** @throws AssertionError where a span says what no span may say */
export function assertSaneSpan(span: Span): void {
  assert.match(span.traceId, /^(?!0{32})[0-9a-f]{32}$/);
  assert.match(span.spanId, /^(?!0{16})[0-9a-f]{16}$/);
  if (span.parentSpanId !== null) assert.match(span.parentSpanId, /^(?!0{16})[0-9a-f]{16}$/);
  for (const number of [span.flags, span.startUs, span.endUs, span.droppedAttributes]) assertCount(number);
  assert.ok(span.kind >= 0 && span.kind <= 5 && span.status >= 0 && span.status <= 2, 'kind or status');
  assert.notEqual(span.service, '');
  for (const text of [span.name, span.service, span.scopeName, span.scopeVersion, span.traceState]) {
    assert.ok(text.length <= 1_024, `a text of ${text.length}`);
  }
  assertPairs(span.attributes, 65);
  assert.ok(span.links.length <= 128, 'links');
  for (const link of span.links) assertPairs(link.attributes, 120);
  if (span.call !== null) assertSaneCall(span.call);
}

/** @throws AssertionError where a record says what no record may say */
export function assertSaneRecord(record: GatewayRecord): void {
  assert.notEqual(record.recordId, '');
  assert.match(record.traceId ?? '0'.repeat(32), /^[0-9a-f]{32}$/);
  assert.match(record.spanId ?? '0'.repeat(16), /^[0-9a-f]{16}$/);
  assertCount(record.startUs);
  assertCount(record.endUs);
  assert.ok(record.startUs > 0 && record.endUs >= record.startUs, 'times');
  assertPairs(record.vouched, 1_000);
  assertPairs(record.claimed, 1_000);
  assertSaneCall(record.call);
}

function assertSaneCall({ usage, reportedCostUsd }: CallFacts): void {
  for (const count of Object.values(usage ?? {})) if (count !== null) assertCount(count);
  if (reportedCostUsd !== null) assert.match(reportedCostUsd, USD);
}

function assertCount(value: unknown): void {
  assert.ok(Number.isSafeInteger(value) && Number(value) >= 0, `${String(value)} is no count`);
}

function assertPairs(attributes: readonly string[], most: number): void {
  assert.ok(attributes.length % 2 === 0 && attributes.length <= 2 * most, `${attributes.length} keys and values`);
  const keys = attributes.filter((_, i) => i % 2 === 0);
  assert.equal(new Set(keys).size, keys.length, 'a key stands twice');
}
