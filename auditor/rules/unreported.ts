import { breaksOf, fared } from './breaks-of.js';
import { rule } from './rule.js';

export const unreported = rule({
  id: 'unreported',
  severity: 'info',
  question: 'survival',
  defeats: null,
  summary: 'A station hides the attribute, and a later one shows it again.',
  why: 'The value did travel, so attribution holds; but that station does not write it on its spans, and a report or a block at that very place would not see it.',
  fix: ({ hop }) => `Have ${hop.to} stamp its spans from baggage, if anything is to be reported or blocked there.`,
  example: {
    route: ['web all', 'queue', 'worker all call=gpt-4o in=1000 out=100'],
  },
  when: fared('unreported'),
  *check(route, contract) {
    for (const { attribute, hop, spanId, value } of breaksOf('unreported', route, contract)) {
      yield {
        attribute,
        hop,
        spanId,
        message: `${attribute} '${value ?? ''}' does not show at ${hop.to}, though it arrives further on.`,
      };
    }
  },
});
