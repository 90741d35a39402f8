/** Numbers from 0 to 1. */
export type Random = () => number;

/** A whole number from 0 up to, not with, `below`. */
export function upTo(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** Whether something that happens once in so many times happens now. */
export function onceIn(random: Random, times: number): boolean {
  return random() * times < 1;
}

/** One of several. */
export function oneOf<T>(random: Random, things: readonly [T, ...T[]]): T {
  return things[upTo(random, things.length)] ?? things[0];
}
