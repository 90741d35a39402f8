import type { Alert } from '../../schemas/alert.js';
import type { Scope } from '../../schemas/gate.js';
import { isoMicros } from '../iso-micros.js';
import type { PeriodBounds } from '../policy/budget-period.js';

/**
 * Makes an alert. What it is about and its period make its id, so that whoever sees the same thing names it the same.
 *
 * @param about what tells it from others of its kind: policy, threshold, scope, start of the period
 */
export function alertOf(
  nowUs: number,
  period: PeriodBounds,
  {
    about,
    ...said
  }: Pick<Alert, 'kind' | 'scope' | 'observed' | 'expected' | 'message'> & {
    readonly about: readonly string[];
  },
): Alert {
  return {
    id: [said.kind, ...about].map(encodeURIComponent).join('/'),
    raisedAt: isoMicros(nowUs),
    from: isoMicros(period.fromUs),
    to: isoMicros(period.toUs),
    ...said,
  };
}

/** A scope in a few words, such as `tenant acme`, and the parts of an id that say the same. */
export function scopeWords(scope: Scope): { readonly words: string; readonly about: readonly string[] } {
  const parts = (['tenant', 'feature', 'policy', 'service'] as const).flatMap((name) => {
    const value = scope[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    words: parts.length === 0 ? 'everything' : parts.map(([name, value]) => `${name} ${value}`).join(', '),
    about: parts.map(([name, value]) => `${name}=${value}`),
  };
}

/** A share of 1 in percent, cut to a tenth, so that 99.96 % never reads as 100 %. */
export function percentText(share: number): string {
  // 0.57 × 1000 is 569.99… as a double.
  return `${Math.floor(share * 1_000 + 1e-9) / 10} %`;
}

/** An exact amount to the cent, or to the first two digits that are not zero; halves away from zero. */
export function dollarText(usd: string): string {
  const amount = Number(usd);
  if (amount === 0 || Math.abs(amount) >= 0.01) return `$${amount.toFixed(2)}`;
  return `$${amount.toPrecision(2)}`;
}
