import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Route } from '../trace/audited-route.js';
import type { Breach } from './rule.js';

/** What can be wrong with a value, the first that applies: one value is never reported twice. */
export type ValueProblem = 'placeholder' | 'malformed' | 'unregistered';

/** Values that say nothing. Compared without case and outer white space. */
const PLACEHOLDERS = new Set([
  '',
  'unknown',
  'default',
  'anonymous',
  'none',
  'null',
  'undefined',
  'n/a',
  'test',
  '-',
  '0',
]);

const MAX_LENGTH = 256;

/**
 * Per UTS #18, `\p{Cc}` are the control characters and `\p{Cf}` those that are not seen, such as spaces of no width;
 * percent-encoding is per RFC 3986, section 2.1.
 */
const MALFORMED = /[\p{Cc}\p{Cf}]|^\s|\s$|%[0-9a-f]{2}/iu;

/** Values are few and come again with every call: what was found out about so many of a contract's is kept. */
const REMEMBERED = 10_000;
const knownProblems = new WeakMap<CompiledContract, Record<AuditedAttribute, Map<string, ValueProblem | null>>>();

/** Judges one value of an attribute. */
export function problemOf(attribute: AuditedAttribute, value: string, contract: CompiledContract): ValueProblem | null {
  const known = knownProblems.get(contract) ?? { tenant: new Map(), feature: new Map(), policy: new Map() };
  knownProblems.set(contract, known);
  const before = known[attribute].get(value);
  if (before !== undefined) return before;
  const problem = judge(attribute, value, contract);
  if (known[attribute].size >= REMEMBERED) known[attribute].clear();
  known[attribute].set(value, problem);
  return problem;
}

/** Whether a value says nothing. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDERS.has(value.trim().toLowerCase());
}

function judge(attribute: AuditedAttribute, value: string, contract: CompiledContract): ValueProblem | null {
  if (isPlaceholder(value)) return 'placeholder';
  if (value.length > MAX_LENGTH || MALFORMED.test(value) || value !== value.normalize('NFC')) return 'malformed';
  return contract.isRegistered(attribute, value) ? null : 'unregistered';
}

/**
 * Finds each different value on the route that has a given problem, once, at the first station that shows it. A value
 * that the call's station shows makes the call unattributed; one from further up only keeps it from being enforced.
 *
 * @param describe says what is wrong with a value, for a person
 */
export function* valuesWith(
  problem: ValueProblem,
  { stations, passages }: Route,
  contract: CompiledContract,
  describe: (attribute: AuditedAttribute, value: string) => string,
): Iterable<Breach> {
  for (const attribute of contract.required) {
    const reported = new Set<string>();
    let last: string | null = null;
    for (const [i, { values, carried, nodes, service }] of stations.entries()) {
      for (const value of values[attribute]) {
        // Nearly every station only repeats the one value that the whole route has.
        if (value === last) continue;
        last = value;
        if (problemOf(attribute, value, contract) !== problem || reported.has(value)) continue;
        reported.add(value);
        const before = stations[i - 1];
        yield {
          attribute,
          hop: before === undefined ? null : { from: before.service, to: service },
          spanId: nodes[carried.findIndex((one) => one[attribute] === value)]?.span.spanId ?? '',
          message: `${service} shows ${attribute} ${describe(attribute, value)}.`,
          defeats: passages[attribute].value === value ? 'attributed' : 'enforceable',
        };
      }
    }
  }
}

/** A value as it may stand in a message: what is not seen is made visible, and what is long is cut. */
export function quoted(value: string): string {
  const short = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return JSON.stringify(short).replaceAll(/[\p{Cc}\p{Cf}\u00a0\u2000-\u200a\u202f\u3000]/gu, coded);
}

/** The same in which also letters are made visible that look like others. */
export function spelled(value: string): string {
  return quoted(value).replaceAll(/[^\x20-\x7e…]/gu, coded);
}

function coded(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code}` : `\\u{${code}}`;
}
