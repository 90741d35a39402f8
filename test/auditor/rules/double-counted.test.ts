import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('double-counted', {
  valid: {
    'one span reports the call': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'the call above has no counts to repeat': {
      spans: trace().station('web', clean).call('gpt-4o', null).station('litellm', clean).call('gpt-4o').spans,
    },
    'the call has none of its own, and takes those above': {
      spans: trace().station('web', clean).call('gpt-4o').station('litellm', clean).call('gpt-4o', null).spans,
    },
  },
  invalid: {
    'application and gateway both report it': {
      spans: trace().station('web', clean).call('gpt-4o').station('litellm', clean).call('gpt-4o').spans,
      findings: [
        { severity: 'info', message: "The usage of this call is also on 'chat gpt-4o' of web; it is counted once." },
      ],
      verdict: 'enforceable',
    },
  },
});
