import { callStation } from '../trace/audited-route.js';
import { rule } from './rule.js';

export const unstamped = rule({
  id: 'unstamped',
  severity: 'warning',
  question: 'presence',
  defeats: null,
  summary: "The call's own span lacks what its station carries.",
  why: 'Attribution holds, but whoever reads span by span, as most dashboards do, books this call under nobody. Often only the root span is stamped while the tokens sit on its children.',
  fix: ({ attribute, hop }) => `Have ${hop.to} stamp every span with ${attribute} from baggage, not only its first.`,
  example: {
    route: ['web all', 'web call=gpt-4o in=1000 out=100'],
  },
  when: (route, { required }) => required.some((name) => callStation(route).carried.at(-1)?.[name] === undefined),
  *check(route, { required }) {
    const station = callStation(route);
    for (const name of required) {
      if (station.values[name].length === 0 || station.carried.at(-1)?.[name] !== undefined) continue;
      yield {
        attribute: name,
        spanId: route.call.span.spanId,
        message: `${station.service} carries ${name} '${station.values[name].join("', '")}', but the span of the call does not.`,
      };
    }
  },
});
