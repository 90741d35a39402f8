import { rule } from './rule.js';
import { quoted, valuesWith } from './value-problem.js';

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
  check: (route, contract) =>
    valuesWith('unregistered', route, contract, (_, value) => `as ${quoted(value)}, which the contract does not allow`),
});
