import type { Hop, Outcome, Provenance } from '../../schemas/audit.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { RouteSignature } from '../provenance/signatures.js';
import type { Station } from './route.js';

/** Where an attribute broke on its way. */
export interface Break {
  /** Index of the station behind it. */
  readonly at: number;
  readonly hop: Hop;
  /** The first span of that station. */
  readonly spanId: string;
}

/** How one attribute travelled along a route. */
export interface Passage {
  readonly outcome: Outcome;
  /** Null where no hop is to blame. */
  readonly break: Break | null;
  /** What the call's station shows; where it shows several values, the one nearest to the call. */
  readonly value: string | null;
  /** Per station, what it shows; null where it shows nothing. */
  readonly shown: readonly (string | null)[];
  /** Index of the first station that shows a value; null where none does. */
  readonly firstSeen: number | null;
  /** Index of the first station that vouches for the call's value: the contract trusts it, or it has it signed. */
  readonly boundAt: number | null;
  readonly provenance: Provenance | null;
}

/**
 * Judges how an attribute fared from the origin to the call: the first outcome that applies, in the order
 * conflicting, rewritten, missing, dropped, late, unreported, intact.
 */
export function passageOf(
  attribute: AuditedAttribute,
  stations: readonly [Station, ...Station[]],
  contract: CompiledContract,
  signatures: readonly RouteSignature[],
): Passage {
  const shown = stations.map((station) => nearestToCall(station, attribute));
  const { outcome, breakAt } = judge(stations, attribute, shown);
  const value = shown.at(-1) ?? null;
  const firstSeen = shown.findIndex((one) => one !== null);
  const signed = signatures.filter(({ claims }) => claims?.[attribute] === value);
  const boundAt = stations.findIndex(
    ({ service, claimed }, i) =>
      value !== null &&
      shown[i] === value &&
      ((binds(contract, service, attribute) && !claimed.has(attribute)) || signed.some(({ station }) => station <= i)),
  );
  return {
    outcome,
    break: breakAt === null ? null : breakInto(stations, breakAt),
    value,
    shown,
    firstSeen: firstSeen === -1 ? null : firstSeen,
    boundAt: boundAt === -1 ? null : boundAt,
    provenance: value === null ? null : signed.length > 0 ? 'signed' : boundAt === -1 ? 'asserted' : 'bound',
  };
}

const INTACT = { outcome: 'intact', breakAt: null } as const;

function judge(
  stations: readonly Station[],
  attribute: AuditedAttribute,
  shown: readonly (string | null)[],
): { outcome: Outcome; breakAt: number | null } {
  if (stations.some(({ values }) => values[attribute].length > 1)) return { outcome: 'conflicting', breakAt: null };
  const [origin = null] = shown;
  if (origin !== null && shown.every((value) => value === origin)) return INTACT;
  let before: string | null = null;
  for (const [i, value] of shown.entries()) {
    if (before !== null && value !== null && value !== before) return { outcome: 'rewritten', breakAt: i };
    before = value ?? before;
  }
  if (before === null) return { outcome: 'missing', breakAt: null };
  const last = shown.findLastIndex((value) => value !== null);
  if (last < shown.length - 1) return { outcome: 'dropped', breakAt: last + 1 };
  if (shown[0] === null) return { outcome: 'late', breakAt: shown.findIndex((value) => value !== null) };
  const gap = shown.indexOf(null);
  return gap === -1 ? INTACT : { outcome: 'unreported', breakAt: gap };
}

function nearestToCall({ carried }: Station, attribute: AuditedAttribute): string | null {
  for (let i = carried.length - 1; i >= 0; i -= 1) {
    const value = carried[i]?.[attribute];
    if (value !== undefined) return value;
  }
  return null;
}

function breakInto(stations: readonly Station[], at: number): Break | null {
  const [from, to] = stations.slice(at - 1, at + 1);
  if (from === undefined || to === undefined) return null;
  return { at, hop: { from: from.service, to: to.service }, spanId: to.nodes[0].span.spanId };
}

function binds(contract: CompiledContract, service: string, attribute: AuditedAttribute): boolean {
  return contract.services.get(service)?.binds.includes(attribute) ?? false;
}
