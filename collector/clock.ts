/** The present, microseconds since 1970. */
export function clockUs(): number {
  return Date.now() * 1_000;
}
