import { breaksOf, fared } from './breaks-of.js';
import { rule } from './rule.js';

export const rewritten = rule({
  id: 'rewritten',
  severity: 'error',
  question: 'agreement',
  defeats: 'enforceable',
  misattributes: true,
  summary: 'The attribute has another value after a hop.',
  why: 'Two stations disagree on who pays, so one of them is wrong: the wrong tenant is billed, and later blocked. Usual causes: a gateway maps a shared key to one tenant, or a fallback rebuilds the metadata.',
  fix: ({ attribute, hop }) =>
    `Let ${hop.to} take ${attribute} from the request's baggage instead of its own key or defaults, or correct it at ${hop.from}.`,
  example: {
    route: ['web all', 'litellm tenant=globex feature=chat policy=pro-monthly call=gpt-4o in=1000 out=100'],
  },
  when: fared('rewritten'),
  *check(route, contract) {
    for (const { attribute, at, hop, spanId, shown, value } of breaksOf('rewritten', route, contract)) {
      const before = shown.slice(0, at).findLast((one) => one !== null) ?? '';
      yield {
        attribute,
        hop,
        spanId,
        // Whoever disagreed before it, the station of the call has no value at all.
        defeats: value === null ? 'attributed' : 'enforceable',
        message: `${attribute} was '${before}' up to ${hop.from} and is '${shown[at] ?? ''}' at ${hop.to}.`,
      };
    }
  },
});
