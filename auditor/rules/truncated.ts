import { Mark } from '../trace/marks.js';
import { rule } from './rule.js';

export const truncated = rule({
  id: 'truncated',
  severity: 'warning',
  question: 'observation',
  defeats: null,
  summary: 'The SDK dropped attributes from a span on the route.',
  why: 'What looks like lost attribution may only be a span that was full: 128 attributes is the default limit, and the last ones set are dropped.',
  fix: () => 'Raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT in that service, or stamp attribution before anything else.',
  example: {
    route: ['web all lost=3', 'web all call=gpt-4o in=1000 out=100'],
  },
  when: ({ marks }) => (marks & Mark.droppedAttributes) !== 0,
  *check({ stations }) {
    for (const { nodes } of stations) {
      for (const { span } of nodes) {
        if (span.droppedAttributes === 0) continue;
        yield {
          spanId: span.spanId,
          message: `${span.service} dropped ${span.droppedAttributes} attributes from its span '${span.name}'.`,
        };
      }
    }
  },
});
