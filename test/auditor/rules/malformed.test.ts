import { expect, it } from 'vitest';
import { quoted } from '../../../auditor/rules/value-problem.js';
import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const with_ = (tenant: string) =>
  trace()
    .station('web', { ...clean, tenant })
    .call('gpt-4o').spans;

testRule('malformed', {
  valid: {
    'spaces inside': { spans: with_('Acme Corp') },
    'letters of any script': { spans: with_('株式会社') },
    'an accent on its letter': { spans: with_('caf\u00e9') },
    'exactly 256 characters': { spans: with_('a'.repeat(256)) },
    'a percent sign that encodes nothing': { spans: with_('100%-off') },
    'a placeholder with white space is reported as that': { spans: with_(' none ') },
  },
  invalid: Object.fromEntries(
    Object.entries({
      'a control character': 'ac\u0007me',
      'white space outside': ' acme',
      'a line break at the end': 'acme\n',
      'percent-encoding left in': 'acme%20corp',
      '257 characters': 'a'.repeat(257),
      'a space of no width': 'acme\u200b',
      'a mark of direction': '\u202eacme',
      'an accent apart from its letter': 'cafe\u0301',
      'a space that does not break, outside': 'acme\u00a0',
    }).map(([name, tenant]) => [
      name,
      { spans: with_(tenant), findings: [{ attribute: 'tenant' }], verdict: 'unattributed' as const },
    ]),
  ),
});

it.each([
  ['x\u0007', String.raw`"x\u0007"`],
  ['x\u007f', String.raw`"x\x7f"`],
  ['x\u200b', String.raw`"x\u{200b}"`],
  ['x\u00a0', String.raw`"x\xa0"`],
  ['y'.repeat(60), `"${'y'.repeat(60)}"`],
  ['y'.repeat(61), `"${'y'.repeat(60)}…"`],
])('%j stands in a message as %s', (value, shown) => {
  expect(quoted(value)).toBe(shown);
});
