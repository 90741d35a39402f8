const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const small = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });
const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** US dollars in as many digits as help: cents from a dollar up, two significant digits below a cent. */
export function roundUsd(costUsd: string): string {
  const amount = Number(costUsd);
  if (amount >= 10_000) return `$${whole.format(amount)}`;
  if (amount >= 0.01 || amount === 0) return `$${cents.format(amount)}`;
  return `$${small.format(amount)}`;
}

/** An amount, rounded to read; the exact one is its title. */
export function Usd({ amount }: { readonly amount: string }) {
  return (
    <data value={amount} title={`$${amount}`}>
      {roundUsd(amount)}
    </data>
  );
}

/** A whole number with its thousands apart. */
export function countText(count: number): string {
  return whole.format(count);
}

/** A number out of a hundred with one digit. What falls short of a hundred never reads as one. */
export function percentText(percent: number | null): string {
  return percent === null ? 'none' : oneDigit.format(percent < 100 ? Math.min(percent, 99.9) : percent);
}

/** A share between 0 and 1 as a percentage. */
export function shareText(share: number | null): string {
  return share === null ? 'none' : `${percentText(share * 100)} %`;
}

/** A moment in the viewer's own zone. */
export function momentText(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
