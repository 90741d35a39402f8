import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const services = { web: { role: 'entry' as const } };

testRule('severed', {
  valid: {
    'the route begins at an entry': {
      spans: trace().station('web', clean).call('gpt-4o').spans,
      contract: { services },
    },
    'the contract names no entries': { spans: trace().station('worker', clean).call('gpt-4o').spans },
  },
  invalid: {
    'the parent of the top span never came': {
      spans: trace()
        .station('web', clean, { parentSpanId: 'f'.repeat(16) })
        .call('gpt-4o').spans,
      contract: { services },
      findings: [
        {
          attribute: null,
          hop: null,
          spanId: '0000000000000001',
          severity: 'error',
          message:
            "The top span of the route, 'web 1' of web, names a parent (ffffffffffffffff) that never came. What is above web is not known.",
        },
      ],
      verdict: 'attributed',
    },
    'its parents run in a circle': {
      spans: trace().station('web', clean, { parentSpanId: '0000000000000002' }).call('gpt-4o').spans,
      findings: [{ message: "The parents of 'web 1' of web run in a circle. What is above web is not known." }],
      verdict: 'attributed',
    },
    'it has more spans than are followed': {
      spans: (() => {
        let place = trace().station('web', clean);
        for (let i = 0; i < 1_000; i += 1) place = place.inside();
        return place.call('gpt-4o', undefined, clean).spans;
      })(),
      findings: [
        {
          message:
            'The route has more spans than are followed, and begins in the middle, at web. What is above web is not known.',
        },
      ],
      verdict: 'attributed',
    },
    'the trace begins elsewhere than at an entry': {
      spans: trace().station('worker', clean).call('gpt-4o').spans,
      contract: { services },
      findings: [
        {
          message:
            'The trace begins at worker, which the contract does not name as an entry. What is above worker is not known.',
        },
      ],
      verdict: 'attributed',
    },
  },
});
