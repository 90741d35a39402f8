import type { StandIn } from './stand-in.js';
import { sendJson, sendParts, startStandIn, USE_TOOL } from './stand-in.js';

/** Thoughts stand beside the candidates in Google's API, cached tokens within the prompt. */
const usage = (candidates: number, thoughts: number) => ({
  promptTokenCount: 900,
  cachedContentTokenCount: 800,
  candidatesTokenCount: candidates,
  thoughtsTokenCount: thoughts,
  totalTokenCount: 900 + candidates + thoughts,
});

/** 100 tokens at $3, 800 cached ones at $0.30, 50 at $15, a million each. */
export const GEMINI_CALL = {
  provider: 'gcp.gemini',
  model: 'gemini-test-1',
  inputTokens: 900,
  cacheReadTokens: 800,
  outputTokens: 50,
  reasoningTokens: 30,
  costUsd: '0.001290000000',
} as const;

/** What half a stream has counted: 5 tokens that were seen, 30 that were thought. */
export const HALF_GEMINI_CALL = { ...GEMINI_CALL, outputTokens: 35, costUsd: '0.001065000000' } as const;

const chunk = (parts: unknown, finishReason: string | undefined, candidates: number) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, finishReason }],
  usageMetadata: usage(candidates, 30),
  modelVersion: 'gemini-test-1',
  responseId: 'gemini-answer-1',
});

/** Starts a stand-in for Gemini's API: `generateContent`, `streamGenerateContent` and `batchEmbedContents`. */
export function startGemini(): Promise<StandIn> {
  return startStandIn({
    refuse: (response) => {
      sendJson(response, 429, { error: { code: 429, message: 'Too many requests.', status: 'RESOURCE_EXHAUSTED' } });
    },
    answer: ({ path, body, response }) => {
      if (path.includes(':batchEmbedContents')) {
        sendJson(response, 200, { embeddings: [{ values: [0.25, 0.5] }] });
      } else if (path.includes(':streamGenerateContent')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const chunks = [chunk([{ text: 'Hel' }], undefined, 5), chunk([{ text: 'lo.' }], 'STOP', 20)];
        void sendParts(
          response,
          body,
          chunks.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`),
        );
      } else {
        const tool = [{ functionCall: { name: 'look_up', args: { id: 7 } } }];
        // The result of the tool comes with the next request.
        const isTool = body.includes(USE_TOOL) && !body.includes('functionResponse');
        sendJson(response, 200, chunk(isTool ? tool : [{ text: 'Hello.' }], 'STOP', 20));
      }
    },
  });
}
