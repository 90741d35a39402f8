import { rule } from './rule.js';

export const guessedJoin = rule({
  id: 'guessed-join',
  severity: 'warning',
  question: 'observation',
  defeats: 'enforceable',
  summary: "A gateway's record was matched by time, model and token counts alone.",
  why: 'Two requests of one model and length in the same second look alike. That is good enough to look for a gap, and not to block on: the record may be about another call.',
  fix: ({ hop }) =>
    `Forward 'traceparent' to ${hop.to}, and let its log keep trace and span id; or record the id of the response on the span of the call.`,
  example: {
    route: [
      'web all call=gpt-4o in=1000 out=100',
      'litellm waybill.record.place=time-model-tokens all call=gpt-4o in=1000 out=100',
    ],
  },
  when: ({ join }) => join === 'time-model-tokens',
  *check({ stations, call, join }) {
    const guessed = stations.find(({ nodes }) => nodes.some(({ record }) => record?.join === join));
    yield {
      spanId: call.span.spanId,
      message: `The record of ${guessed?.service ?? ''} has no id in common with the call: only time, model and token counts fit.`,
    };
  },
});
