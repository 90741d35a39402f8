import { expect, it } from 'vitest';
import { isoMicros } from '../../auditor/iso-micros.js';

it.each([
  [0, '1970-01-01T00:00:00.000000Z'],
  [1_767_225_600_000_001, '2026-01-01T00:00:00.000001Z'],
  [1_767_225_600_999_999, '2026-01-01T00:00:00.999999Z'],
  [-1, '1969-12-31T23:59:59.999999Z'],
  // The last nanosecond that OTLP can say.
  [18_446_744_073_709_552, '2554-07-21T23:34:33.709552Z'],
  [Number.MAX_VALUE, '+275760-09-13T00:00:00.000000Z'],
])('%d µs since 1970 are %s', (us, text) => {
  expect(isoMicros(us)).toBe(text);
});
