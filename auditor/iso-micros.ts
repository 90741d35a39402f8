/** Latest time that `Date` can write. */
const MAX_DATE_US = 8.64e18 / 1000;

/** A moment, microseconds since 1970, in ISO 8601 to the microsecond. */
export function isoMicros(us: number): string {
  const bounded = Math.min(us, MAX_DATE_US);
  const seconds = new Date(Math.floor(bounded / 1_000_000) * 1000).toISOString().slice(0, -5);
  return `${seconds}.${String(((bounded % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, '0')}Z`;
}

/** Reads what `isoMicros` writes, or ISO 8601 to the millisecond, in UTC: microseconds since 1970. */
export function parseIsoUs(time: string): number {
  const micros = /\.(\d{1,6})Z$/.exec(time)?.[1] ?? '0';
  return Date.parse(`${time.slice(0, 19)}Z`) * 1_000 + Number(micros.padEnd(6, '0'));
}
