import { describe, expect, it } from 'vitest';
import {
  at,
  countOf,
  endAfter,
  firstCount,
  has,
  isTrue,
  textOf,
  timeOf,
  usdOf,
} from '../../../auditor/payloads/fields.js';
import { START_US } from '../../support/gateway-records.js';

const START_MS = START_US / 1_000;
/** 2255-03-13, from where on microseconds are no longer exact. */
const LAST_US = 9_000_000_000_000_000;

describe('the fields of a record', () => {
  it.each([
    [{ a: { b: 1 } }, 1],
    [{ a: null }, undefined],
    [{ a: 'text' }, undefined],
    [Object.create({ a: { b: 1 } }), undefined],
    [null, undefined],
  ])('at a path of %j are %j', (record, value) => {
    expect(at(record, 'a', 'b')).toBe(value);
  });

  it('are all there, or it is another form', () => {
    expect(has({ a: null, b: undefined }, 'a', 'b')).toBe(true);
    expect(has({ a: 1 }, 'a', 'b')).toBe(false);
    for (const none of [null, undefined, 'a', ['a']]) expect(has(none)).toBe(false);
  });

  it.each([
    ['text', 'text'],
    [0, '0'],
    [false, 'false'],
    [Number.NaN, ''],
    [null, ''],
    [{}, ''],
    ['x'.repeat(1024), 'x'.repeat(1024)],
    ['x'.repeat(1025), ''],
  ])('that are names or ids are texts: %j', (value, text) => {
    expect(textOf(value)).toBe(text);
  });

  it.each([
    [7, 7],
    ['7', 7],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740993', null],
    ['12345678901234567', null],
    ['x7', null],
    ['+7', null],
    ['1e3', null],
    ['7x', null],
    ['', null],
    [true, null],
    [[7], null],
  ])('that count tokens are whole numbers: %j is %j', (value, count) => {
    expect(countOf(value)).toBe(count);
    expect(firstCount(null, value, 5)).toBe(count ?? 5);
  });

  it.each(['true', 'True', true, 1, '1'])('say yes in many ways: %j', (value) => {
    expect(isTrue(value)).toBe(true);
  });

  it.each(['false', 'untrue', 'trueish', 11, 0, null, {}])('say no in all others: %j', (value) => {
    expect(isTrue(value)).toBe(false);
  });
});

describe('an amount of money', () => {
  it.each([
    [0.1, 0, '0.100000000000'],
    ['+0.1', 0, '0.100000000000'],
    [' 0.1 ', 0, '0.100000000000'],
    ['1e-7', 0, '0.000000100000'],
    ['1e-12', 0, '0.000000000001'],
    ['1.5E+2', 0, '150.000000000000'],
    ['25e1', -2, '2.500000000000'],
    [2_100_001, -9, '0.002100001000'],
    ['1e-99', 0, '0.000000000000'],
    ['1e-99', -9, '0.000000000000'],
    ['5e-13', 0, '0.000000000001'],
  ])('is exact: %j times ten to the %d', (value, tenPower, usd) => {
    expect(usdOf(value, tenPower)).toBe(usd);
  });

  it.each(['-0.1', '0.1 USD', '$0.1', '0.1e', '1e999', '', true, null, [1], { usd: 1 }])('is not %j', (value) => {
    expect(usdOf(value)).toBeNull();
  });
});

describe('a moment', () => {
  it.each([
    ['seconds', START_MS / 1_000],
    ['seconds as text', `${START_MS / 1_000}`],
    ['seconds with a fraction', `${START_MS / 1_000}.000`],
    ['milliseconds', START_MS],
    ['milliseconds as text', `${START_MS}`],
    ['microseconds', START_US],
    ['nanoseconds', START_US * 1_000],
    ['nanoseconds as text', `${START_US}000`],
    ['ISO 8601', '2026-01-01T00:00:00Z'],
    ['ISO 8601 without a zone', '2026-01-01T00:00:00'],
    ['a blank and a word for the zone', '2026-01-01 00:00:00 UTC'],
    ['another zone', '2026-01-01T02:00:00+02:00'],
    ['another zone without a colon', '2025-12-31T19:30:00-0430'],
  ])('is read from %s', (_, value) => {
    expect(timeOf(value)).toBe(START_US);
  });

  it.each([
    ['2026-01-01T00:00:00.5Z', 500_000],
    ['2026-01-01T00:00:00,123456789Z', 123_456],
    [`${START_MS / 1_000}.25`, 250_000],
    [`${START_MS / 1_000}.123456`, 123_456],
    [START_MS + 0.5, 500],
  ])('keeps what is finer than a second: %s', (value, us) => {
    expect(timeOf(value)).toBe(START_US + us);
  });

  it.each([
    [99_999_999_999, null],
    [100_000_000_000, 100_000_000_000_000],
    [99_999_999_999_999, null],
    [100_000_000_000_000, 100_000_000_000_000],
    [LAST_US - 1, LAST_US - 1],
    [LAST_US, null],
    [1e17 - 16, null],
    [1e17, 100_000_000_000_000],
    [1, 1_000_000],
    [0, null],
    [-1, null],
    ['-1', null],
    ['1.2.3', null],
    ['1767225600x', null],
    ['2026-01-01', null],
    ['2026-13-01T00:00:00Z', null],
    ['yesterday', null],
    [Number.NaN, null],
    [true, null],
    [null, null],
  ])('of %j since 1970 is told by its size', (value, us) => {
    expect(timeOf(value)).toBe(us);
  });
});

describe('the end of what took so many milliseconds', () => {
  it.each([
    [START_US, 1_500, START_US + 1_500_000],
    [START_US, '0.5', START_US + 500],
    [START_US, 0, START_US],
    [START_US, -1, null],
    [START_US, '-', null],
    [START_US, null, null],
    [START_US, [5], null],
    [null, 5, null],
    [LAST_US - 2_000, 1, LAST_US - 1_000],
    [LAST_US - 1_000, 1, null],
  ])('from %j after %j is %j', (startUs, ms, endUs) => {
    expect(endAfter(startUs, ms)).toBe(endUs);
  });
});
