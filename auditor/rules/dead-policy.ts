import { windowRule } from './rule.js';

export const deadPolicy = windowRule({
  id: 'dead-policy',
  severity: 'warning',
  question: 'policy',
  summary: 'In the whole window no call resolved to this policy.',
  why: 'Its budget can never fire: its id is misspelt on the calls, its match fits no tenant that calls, or it is left over.',
  fix: () => 'Compare the policy ids on the calls with those of the contract, correct the match, or remove the policy.',
  check: ({ expected, resolved }) => expected.filter((id) => !resolved.has(id)),
});
