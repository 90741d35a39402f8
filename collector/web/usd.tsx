import { roundUsd } from './figures.js';

/** An amount, rounded to read; the exact one is its title. */
export function Usd({ amount }: { readonly amount: string }) {
  return (
    <data value={amount} title={`$${amount}`}>
      {roundUsd(amount)}
    </data>
  );
}
