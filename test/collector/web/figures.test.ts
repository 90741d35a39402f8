import { describe, expect, it } from 'vitest';
import { durationText, percentText, roundUsd } from '../../../collector/web/figures.js';

describe('figures', () => {
  it.each([
    ['0.000000000000', '$0.00'],
    ['0.003500000000', '$0.0035'],
    ['0.000000000001', '$0.000000000001'],
    ['0.084000000000', '$0.084'],
    ['0.500000000000', '$0.50'],
    ['0.123456789012', '$0.123'],
    ['1234.567000000000', '$1,234.57'],
    ['12345.670000000000', '$12,346'],
    ['-0.084000000000', '$-0.084'],
  ])('rounds %s to %s', (amount, text) => {
    expect(roundUsd(amount)).toBe(text);
  });

  it('never rounds up to a hundred percent what falls short of it', () => {
    expect(percentText(99.99)).toBe('99.9');
    expect(percentText(100)).toBe('100.0');
    expect(percentText(null)).toBe('none');
  });

  it.each([
    [900, '900 µs'],
    [12_300, '12 ms'],
    [1_500_000, '1.5 s'],
    [90_000_000, '1.5 min'],
  ])('writes %i microseconds as %s', (us, text) => {
    expect(durationText(us)).toBe(text);
  });
});
