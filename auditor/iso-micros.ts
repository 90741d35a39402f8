/** Latest time that `Date` can write, 8.64e15 milliseconds since 1970. */
const MAX_DATE_US = 8.64e15 * 1_000;

/** Calls are written in order of time: most begin in the same second as the one before. */
let lastSecond = { at: 0, text: '1970-01-01T00:00:00' };

/** A moment, microseconds since 1970, in ISO 8601 to the microsecond. */
export function isoMicros(us: number): string {
  const bounded = Math.min(us, MAX_DATE_US);
  const second = Math.floor(bounded / 1_000_000);
  if (second !== lastSecond.at) lastSecond = { at: second, text: new Date(second * 1000).toISOString().slice(0, -5) };
  return `${lastSecond.text}.${String(bounded - second * 1_000_000).padStart(6, '0')}Z`;
}

/** Reads what `isoMicros` writes, or ISO 8601 to the millisecond, in UTC: microseconds since 1970. */
export function parseIsoUs(time: string): number {
  const second = time.slice(0, 19);
  const secondsUs = second === lastSecond.text ? lastSecond.at * 1_000_000 : Date.parse(`${second}Z`) * 1_000;
  return secondsUs + Number(time.slice(20, -1).padEnd(6, '0'));
}
