import type { AttributeName } from '../schemas/contract.js';
import { attributeNames } from '../schemas/contract.js';
import { USER_ID, TENANT_ID, FEATURE_ID, POLICY_ID } from '../schemas/attributes.js';
import { looksLike } from './dialects/look-alike.js';
import { isPlaceholder } from './trace/value-problem.js';

/** A key that spans carry. */
export interface SeenKey {
  readonly key: string;
  /** How many traces have it. */
  readonly traces: number;
  /** Different values, some of them where there are more than `MOST_VALUES`. */
  readonly values: readonly string[];
  readonly distinct: number;
  /** Those of `VALUE_PATTERNS` that every value matches. */
  readonly patterns: readonly string[];
}

/** A way that calls took. */
export interface SeenRoute {
  /** Services, origin first. */
  readonly route: readonly string[];
  readonly calls: number;
}

/** What was seen in a stretch of time. */
export interface Seen {
  readonly traces: number;
  readonly keys: readonly SeenKey[];
  readonly routes: readonly SeenRoute[];
}

/** One attribute of a proposed contract. */
export interface ProposedAttribute {
  readonly name: AttributeName;
  readonly key: string;
  /** Share of the traces that have the key, from 0 to 1. */
  readonly share: number;
  readonly aliases: readonly { readonly key: string; readonly share: number }[];
  /** Null where nothing was seen, or too many different values that have nothing in common. */
  readonly values: readonly string[] | { readonly pattern: string } | null;
}

export interface ProposedService {
  readonly name: string;
  readonly role: 'entry' | 'gateway' | 'service';
  readonly calls: number;
}

/** A contract to begin with: what is there, for a person to correct. */
export interface ProposedContract {
  readonly attributes: readonly ProposedAttribute[];
  /** The busiest first. */
  readonly services: readonly ProposedService[];
  /** The policies that calls name. */
  readonly policies: readonly string[];
}

/** So many values are listed; where there are more, a pattern has to do. */
export const MOST_VALUES = 20;
const MOST_ALIASES = 10;
const MOST_SERVICES = 200;
const MAX_LENGTH = 256;

/** Forms that ids have, the narrowest first. */
export const VALUE_PATTERNS = ['^[a-z0-9-]+$', '^[a-z0-9_-]+$', '^[A-Za-z0-9_-]+$', '^[A-Za-z0-9._:@-]+$'] as const;

const OWN_KEYS: Readonly<Record<AttributeName, string>> = {
  tenant: TENANT_ID,
  feature: FEATURE_ID,
  policy: POLICY_ID,
  user: USER_ID,
};

/** Proposes a contract from what was seen. Pure: the same is proposed whatever the order. */
export function proposeContract({ traces, keys, routes }: Seen): ProposedContract {
  const usable = keys.filter(({ key }) => key.length > 0 && key.length <= MAX_LENGTH);
  const attributes = attributeNames.map((name) => proposeAttribute(name, usable, traces));
  const named = attributes.find(({ name }) => name === 'policy')?.values;
  return {
    attributes,
    services: proposeServices(routes),
    policies: Array.isArray(named) ? named.map(String) : [],
  };
}

function proposeAttribute(name: AttributeName, keys: readonly SeenKey[], traces: number): ProposedAttribute {
  const share = (seen: number): number => (traces === 0 ? 0 : Math.min(1, seen / traces));
  const own = keys.find(({ key }) => key === OWN_KEYS[name]);
  const ownKeys: readonly string[] = Object.values(OWN_KEYS);
  const alike = keys
    .filter(({ key }) => !ownKeys.includes(key) && looksLike(key) === name)
    .toSorted((a, b) => b.traces - a.traces || (a.key < b.key ? -1 : 1))
    .slice(0, MOST_ALIASES);
  return {
    name,
    key: OWN_KEYS[name],
    share: share(own?.traces ?? 0),
    aliases: alike.map((seen) => ({ key: seen.key, share: share(seen.traces) })),
    values: name === 'user' ? null : valuesOf(own === undefined ? alike : [own, ...alike]),
  };
}

function valuesOf(keys: readonly SeenKey[]): ProposedAttribute['values'] {
  const values = [...new Set(keys.flatMap((one) => one.values))].filter(isName).toSorted();
  if (values.length === 0) return null;
  if (values.length <= MOST_VALUES && keys.every(({ distinct }) => distinct <= MOST_VALUES)) return values;
  const pattern = VALUE_PATTERNS.find((one) => keys.every(({ patterns }) => patterns.includes(one)));
  return pattern === undefined ? null : { pattern };
}

/** A value that says something, and may stand in a contract. */
function isName(value: string): boolean {
  return !isPlaceholder(value) && value.length <= MAX_LENGTH && !/\p{Cc}|^\s|\s$/u.test(value);
}

interface Presence {
  calls: number;
  /** Calls whose route begins there. */
  first: number;
  /** Calls that are made there on behalf of a service before. */
  last: number;
}

function proposeServices(routes: readonly SeenRoute[]): ProposedService[] {
  const services = new Map<string, Presence>();
  const at = (name: string): Presence => {
    const presence = services.get(name) ?? { calls: 0, first: 0, last: 0 };
    services.set(name, presence);
    return presence;
  };
  for (const { route, calls } of routes) {
    for (const name of new Set(route)) at(name).calls += calls;
    const [first, ...others] = route;
    const last = others.at(-1);
    if (first !== undefined) at(first).first += calls;
    if (last !== undefined) at(last).last += calls;
  }
  return [...services]
    .filter(([name]) => name !== '' && name !== '__proto__' && name.length <= MAX_LENGTH)
    .toSorted(([a, one], [b, other]) => other.calls - one.calls || (a < b ? -1 : 1))
    .slice(0, MOST_SERVICES)
    .map(([name, presence]) => ({ name, calls: presence.calls, role: roleOf(presence) }));
}

/** By what it mostly is: a trace that is torn begins in the middle, and that makes no entry. */
function roleOf({ calls, first, last }: Presence): ProposedService['role'] {
  if (2 * first > calls) return 'entry';
  return 2 * last > calls ? 'gateway' : 'service';
}
