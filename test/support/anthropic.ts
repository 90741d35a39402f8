import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';

/** What every answer of the stand-in says it took: cached tokens stand beside `input_tokens`, as in Anthropic's API. */
export const ANTHROPIC_USAGE = {
  input_tokens: 100,
  cache_read_input_tokens: 800,
  cache_creation_input_tokens: 200,
  output_tokens: 50,
} as const;

/** 100 tokens at $3, 800 at $0.30, 200 at $3.75, 50 at $15, a million each. */
export const ANTHROPIC_COST_USD = '0.002040000000';

const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-test-1' } as const;

/** The events of a streamed answer: the input is counted at its start, the output at its end. */
const EVENTS = [
  {
    type: 'message_start',
    message: {
      ...MESSAGE,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...ANTHROPIC_USAGE, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello.' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: ANTHROPIC_USAGE.output_tokens },
  },
  { type: 'message_stop' },
];

/** A prompt with this text is refused, since too much was asked for. */
export const TOO_MANY = 'too many requests';

/**
 * Starts a stand-in for Anthropic's messages, on a free port; every answer is the same, whole or as a stream.
 */
export async function startAnthropic(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => answer(response, body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => {
        server.close(done);
      });
    },
  };
}

function answer(response: ServerResponse, body: string): void {
  if (body.includes(TOO_MANY)) {
    response.writeHead(429, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ type: 'error', error: { type: 'rate_limit_error', message: 'Too many requests.' } }));
  } else if (body.includes('"stream":true')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of EVENTS) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end();
  } else {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        ...MESSAGE,
        content: [{ type: 'text', text: 'Hello.' }],
        stop_reason: 'end_turn',
        stop_sequence: null,
        usage: ANTHROPIC_USAGE,
      }),
    );
  }
}
