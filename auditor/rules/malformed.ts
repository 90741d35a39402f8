import { rule } from './rule.js';
import { quoted, valuesWith } from './value-problem.js';

export const malformed = rule({
  id: 'malformed',
  severity: 'error',
  question: 'presence',
  defeats: 'attributed',
  summary:
    'The value is damaged: control or invisible characters, outer white space, accents apart from their letters (not NFC), percent-encoding left in, or over 256 characters.',
  why: 'Two spellings of one tenant are two tenants to whoever groups by the value. Percent-encoding is left in where a hop decodes baggage once too little, white space where a header was folded.',
  fix: ({ attribute }) => `Decode and trim ${attribute} once, where it enters, and pass the clean value on.`,
  example: {
    route: ['web tenant=acme%20inc feature=chat policy=pro-monthly call=gpt-4o in=1000 out=100'],
  },
  when: ({ problems }) => problems().has('malformed'),
  check: (route, contract) =>
    valuesWith('malformed', route, contract, (_, value) => `as ${quoted(value)}, which is damaged`),
});
