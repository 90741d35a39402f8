import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Station } from './route.js';

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

const NO_PROBLEMS: ReadonlySet<ValueProblem> = new Set();

/** What is wrong with the values of required attributes on a route, wherever they are shown. */
export function problemsOn(stations: readonly Station[], contract: CompiledContract): ReadonlySet<ValueProblem> {
  const problems: ValueProblem[] = [];
  for (const attribute of contract.required) {
    let last: string | null = null;
    for (const { values } of stations) {
      for (const value of values[attribute]) {
        // Nearly every station only repeats the one value that the whole route has.
        if (value === last) continue;
        last = value;
        const problem = problemOf(attribute, value, contract);
        if (problem !== null) problems.push(problem);
      }
    }
  }
  return problems.length === 0 ? NO_PROBLEMS : new Set(problems);
}
