import type { ExpectedFinding } from './faults.js';
import { faults } from './faults.js';

/** How many calls show one error. */
export interface CountedFinding extends Omit<ExpectedFinding, 'attribute'> {
  readonly attribute: string | null;
  readonly calls: number;
}

/** How many billable calls a run leads to. */
export function expectedCalls(requestsOf = (requests: number): number => requests): number {
  return faults.reduce(
    (sum, { tenants, requests, callsPerRequest }) => sum + tenants.length * requestsOf(requests) * callsPerRequest,
    0,
  );
}

/** The errors that a run must lead to, and no others; several faults may lead to the same one. */
export function expectedFindings(requestsOf = (requests: number): number => requests): CountedFinding[] {
  return merge(
    faults.flatMap(({ tenants, requests, expected }) =>
      expected.map((finding) => ({ ...finding, calls: tenants.length * requestsOf(requests) })),
    ),
  );
}

/** What was found otherwise than expected, a sentence each; none where all is as it should be. */
export function differences(found: readonly CountedFinding[], expected: readonly CountedFinding[]): string[] {
  const callsOf = (list: readonly CountedFinding[], name: string): number =>
    list.find((one) => nameOf(one) === name)?.calls ?? 0;
  const names = new Set([...expected, ...found].map(nameOf));
  return [...names].flatMap((name) => {
    const [want, got] = [callsOf(expected, name), callsOf(found, name)];
    if (want === got) return [];
    return [want === 0 ? `unexpected: ${name} on ${got} calls` : `${name}: expected on ${want} calls, found on ${got}`];
  });
}

/** A finding in words: `dropped of tenant at agent → gateway`. */
export function nameOf({ rule, attribute, hop }: Omit<CountedFinding, 'calls'>): string {
  return [rule, attribute === null ? '' : ` of ${attribute}`, hop === null ? '' : ` at ${hop.from} → ${hop.to}`].join(
    '',
  );
}

/** Adds up equal findings. */
export function merge(list: readonly CountedFinding[]): CountedFinding[] {
  const byName = new Map<string, CountedFinding>();
  for (const one of list) {
    const name = nameOf(one);
    byName.set(name, { ...one, calls: one.calls + (byName.get(name)?.calls ?? 0) });
  }
  return [...byName.values()];
}
