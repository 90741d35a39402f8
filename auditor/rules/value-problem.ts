import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Route } from '../trace/audited-route.js';
import type { ValueProblem } from '../trace/value-problem.js';
import { problemOf } from '../trace/value-problem.js';
import type { Breach } from './rule.js';

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
    for (const [i, { values, carried, nodes, service }] of stations.entries()) {
      for (const value of values[attribute]) {
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
