import { once } from 'node:events';
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

/** Starts a stand-in for Anthropic's messages, on a free port; every answer is the same. */
export async function startAnthropic(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'claude-test-1',
          content: [{ type: 'text', text: 'Hello.' }],
          stop_reason: 'end_turn',
          stop_sequence: null,
          usage: ANTHROPIC_USAGE,
        }),
      );
    });
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
