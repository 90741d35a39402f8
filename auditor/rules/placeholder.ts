import { rule } from './rule.js';
import { quoted, valuesWith } from './value-problem.js';

export const placeholder = rule({
  id: 'placeholder',
  severity: 'error',
  question: 'presence',
  defeats: 'attributed',
  summary: 'The value says nothing: unknown, default, none, an empty string and the like.',
  why: 'A dashboard counts it as present, yet it owns nothing and can be blocked by nobody. It is what code writes when it had nothing to write.',
  fix: ({ attribute }) =>
    `Find where ${attribute} falls back to a default, and refuse the request or leave the attribute out.`,
  example: {
    route: ['web tenant=unknown feature=chat policy=pro-monthly call=gpt-4o in=1000 out=100'],
  },
  when: ({ problems }) => problems().has('placeholder'),
  check: (route, contract) =>
    valuesWith('placeholder', route, contract, (_, value) => `as ${quoted(value)}, which names nobody`),
});
