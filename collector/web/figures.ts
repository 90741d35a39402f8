const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** US dollars in as many digits as help: whole dollars from ten thousand up, then cents, and three digits below one. */
export function roundUsd(costUsd: string): string {
  const amount = Number(costUsd);
  if (Math.abs(amount) >= 10_000) return `$${whole.format(amount)}`;
  if (Math.abs(amount) >= 1 || amount === 0) return `$${cents.format(amount)}`;
  const places = 2 - Math.floor(Math.log10(Math.abs(amount)));
  return `$${amount.toFixed(Math.min(places, 12)).replace(/(\.\d\d\d*?)0+$/, '$1')}`;
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

/** A moment in the viewer's own zone, to the second. @param us microseconds since 1970 */
export function microsText(us: number): string {
  return new Date(us / 1_000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** How long something took, in the unit that reads best. @param us microseconds */
export function durationText(us: number): string {
  if (us < 1_000) return `${us} µs`;
  if (us < 1_000_000) return `${Math.round(us / 1_000)} ms`;
  return us < 60_000_000 ? `${oneDigit.format(us / 1_000_000)} s` : `${oneDigit.format(us / 60_000_000)} min`;
}
