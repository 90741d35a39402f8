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
  *check({ passages, stations }, { required }) {
    for (const name of required) {
      const { outcome, hop, breakAt, shown } = passages[name];
      if (outcome !== 'rewritten' || hop === null || breakAt === null) continue;
      const before = shown.slice(0, breakAt).findLast((value) => value !== null) ?? '';
      yield {
        attribute: name,
        hop,
        spanId: stations[breakAt]?.nodes[0]?.span.spanId ?? '',
        // Whoever disagreed before it, the station of the call has no value at all.
        defeats: passages[name].value === null ? 'attributed' : 'enforceable',
        message: `${name} was '${before}' up to ${hop.from} and is '${shown[breakAt] ?? ''}' at ${hop.to}.`,
      };
    }
  },
});
