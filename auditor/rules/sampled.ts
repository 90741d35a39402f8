import { Mark } from '../trace/marks.js';
import { rule } from './rule.js';

/** `ot=th:…` in tracestate is the sampling threshold; `th:0` keeps everything. https://opentelemetry.io/docs/specs/otel/trace/tracestate-handling/ */
const THRESHOLD = /(?:^|,)\s*ot=(?:[^,]*;)?th:(?!0(?:[;,\s]|$))[0-9a-f]{1,14}/;

export const sampled = rule({
  id: 'sampled',
  severity: 'warning',
  question: 'observation',
  defeats: null,
  summary: 'The trace is sampled, so its spend is only a part of the whole.',
  why: 'A budget that is summed over sampled traces fires late or never, by the factor of the sampling.',
  fix: () =>
    'Keep every trace that has a call to a model: sample by tail, or send GenAI spans to Waybill before sampling.',
  example: {
    route: ['web all state=ot=th:8 call=gpt-4o in=1000 out=100'],
  },
  when: ({ marks }) => (marks & Mark.traceState) !== 0,
  *check({ stations }) {
    for (const { nodes } of stations) {
      const hit = nodes.find(({ span }) => THRESHOLD.test(span.traceState));
      if (hit === undefined) continue;
      yield { spanId: hit.span.spanId, message: `The trace was sampled (tracestate '${hit.span.traceState}').` };
      return;
    }
  },
});
