/** Latest time that `Date` can write, 8.64e15 milliseconds since 1970. */
const MAX_DATE_US = 8.64e15 * 1_000;

/** A moment, microseconds since 1970, in ISO 8601 to the microsecond. */
export function isoMicros(us: number): string {
  const bounded = Math.min(us, MAX_DATE_US);
  const seconds = new Date(Math.floor(bounded / 1_000_000) * 1000).toISOString().slice(0, -5);
  return `${seconds}.${String(((bounded % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, '0')}Z`;
}
