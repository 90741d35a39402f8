import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import { looksTheSame } from './looks-the-same.js';
import { rule } from './rule.js';
import { quoted, spelled, valuesWith } from './value-problem.js';

export const unregistered = rule({
  id: 'unregistered',
  severity: 'error',
  question: 'presence',
  defeats: 'attributed',
  summary: 'The value is not among those that the contract allows.',
  why: 'A mistyped or retired value owns nothing: no budget is looked up under it, so its spend escapes.',
  fix: ({ attribute }) =>
    `Correct the value at its source, or add it to attributes.${attribute}.values in the contract.`,
  example: {
    route: ['web all call=gpt-4o in=1000 out=100'],
    contract: { attributes: { tenant: { values: ['globex'] } } },
  },
  when: ({ problems }) => problems().has('unregistered'),
  check: (route, contract) =>
    valuesWith('unregistered', route, contract, (attribute, value) => {
      const meant = valueMeant(attribute, value, contract);
      return meant === undefined
        ? `as ${quoted(value)}, which the contract does not allow`
        : `as ${spelled(value)}, which looks like '${meant}' and is not: the contract does not allow it`;
    }),
});

/** The value that the contract lists and that a person could have taken this one for. */
function valueMeant(attribute: AuditedAttribute, value: string, { source }: CompiledContract): string | undefined {
  const { values } = source.attributes[attribute];
  return Array.isArray(values) ? values.find((one) => looksTheSame(one, value)) : undefined;
}
