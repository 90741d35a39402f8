/** Digits after the point of every amount of money: 1e-12 US dollars is the unit of all sums. */
const DECIMALS = 12;

/** How many units of 1e-12 dollars make a dollar. */
export const PICO_PER_USD = 10n ** BigInt(DECIMALS);

/**
 * Reads a decimal number exactly, as units of 1e-12 dollars.
 *
 * @param text digits with an optional sign, point and exponent (`0.0035`, `3`, `1.5e-7`)
 * @returns null where the text is no number; digits past the twelfth are rounded half up
 */
export function parseUsd(text: string): bigint | null {
  const match = /^([+-]?)(\d{1,30})(?:\.(\d{0,60}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole + fraction);
  const scale = DECIMALS + Number(exponent) - fraction.length;
  const pico = scale >= 0 ? digits * 10n ** BigInt(scale) : divideRounded(digits, 10n ** BigInt(-scale));
  return sign === '-' ? -pico : pico;
}

/** Writes units of 1e-12 dollars as a decimal string with 12 places, such as `0.003500000000`. */
export function formatUsd(pico: bigint): string {
  const digits = (pico < 0n ? -pico : pico).toString().padStart(DECIMALS + 1, '0');
  return `${pico < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
}

/** Divides two amounts that are not negative and rounds half up. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}
