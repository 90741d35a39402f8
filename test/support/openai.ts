import type { StandIn } from './stand-in.js';
import { sendJson, sendParts, startStandIn, USE_TOOL } from './stand-in.js';

const USAGE = {
  prompt_tokens: 900,
  completion_tokens: 50,
  total_tokens: 950,
  prompt_tokens_details: { cached_tokens: 800 },
  completion_tokens_details: { reasoning_tokens: 30 },
};

/** 100 tokens at $2.50, 800 cached ones at $1.25, 50 at $10, a million each. */
export const OPENAI_CALL = {
  provider: 'openai',
  model: 'gpt-4o',
  inputTokens: 900,
  cacheReadTokens: 800,
  outputTokens: 50,
  reasoningTokens: 30,
  costUsd: '0.001750000000',
} as const;

/** 900 tokens at $0.02 a million. */
export const EMBEDDINGS_CALL = { operation: 'embeddings', inputTokens: 900, costUsd: '0.000018000000' } as const;

const TOOL_CALLS = [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"id":7}' } }];

/** Starts a stand-in for OpenAI's API, and for all that speak it: chat completions, whole or as streams, and embeddings. */
export function startOpenAi(): Promise<StandIn> {
  let answers = 0;
  return startStandIn({
    refuse: (response) => {
      const error = { message: 'Too many requests.', type: 'rate_limit_error' };
      sendJson(response, 429, { error }, { 'retry-after': '0', 'retry-after-ms': '1' });
    },
    answer: ({ path, body, response }) => {
      answers += 1;
      const isStream = body.includes('"stream":true');
      const common = {
        id: `chatcmpl-${answers}`,
        created: 1,
        model: 'gpt-4o',
        object: `chat.completion${isStream ? '.chunk' : ''}`,
      };
      const isTool = body.includes(USE_TOOL) && !body.includes('"tool_call_id"');
      if (path.includes('/embeddings')) {
        const data = [{ object: 'embedding', index: 0, embedding: [0.25, 0.5] }];
        sendJson(response, 200, { object: 'list', model: 'text-embedding-3-small', data, usage: USAGE });
      } else if (isStream) {
        const chunks: object[] = [
          { ...common, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hel' }, finish_reason: null }] },
          { ...common, choices: [{ index: 0, delta: { content: 'lo.' }, finish_reason: null }] },
          { ...common, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
        ];
        if (body.includes('"include_usage":true')) chunks.push({ ...common, choices: [], usage: USAGE });
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        void sendParts(response, body, [
          ...chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`),
          'data: [DONE]\n\n',
        ]);
      } else {
        const message = isTool ? { content: null, tool_calls: TOOL_CALLS } : { content: 'Hello.' };
        const choice = {
          index: 0,
          message: { role: 'assistant', ...message },
          finish_reason: isTool ? 'tool_calls' : 'stop',
        };
        sendJson(response, 200, { ...common, choices: [choice], usage: USAGE });
      }
    },
  });
}
