import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { Speech, StandIn } from './stand-in.js';
import { sendJson, sendParts, startStandIn } from './stand-in.js';

/** Cached tokens stand beside the input, as everywhere in Bedrock. */
const CONVERSE_USAGE = {
  inputTokens: 100,
  cacheReadInputTokens: 800,
  cacheWriteInputTokens: 200,
  outputTokens: 50,
  totalTokens: 1150,
};
const CLAUDE_USAGE = {
  input_tokens: 100,
  cache_read_input_tokens: 800,
  cache_creation_input_tokens: 200,
  output_tokens: 50,
};

/** 100 tokens at $3, 800 at $0.30, 200 at $3.75, 50 at $15, a million each. */
export const BEDROCK_CALL = {
  provider: 'aws.bedrock',
  model: 'anthropic.claude-test-1',
  inputTokens: 1100,
  cacheReadTokens: 800,
  cacheWriteTokens: 200,
  outputTokens: 50,
  costUsd: '0.002040000000',
} as const;

/** A model whose answers hold no counts; without the headers, only a guess is left. */
export const MISTRAL = 'mistral.mistral-test-1';
/** A prompt with this text gets an answer without Bedrock's headers, as some proxies leave it. */
export const NO_HEADERS = 'without headers';

const codec = new EventStreamCodec(
  (bytes) => new TextDecoder().decode(bytes),
  (text) => new TextEncoder().encode(text),
);

function event(type: string, body: unknown): Uint8Array {
  return codec.encode({
    headers: {
      ':message-type': { type: 'string', value: 'event' },
      ':event-type': { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
    },
    body: Buffer.from(JSON.stringify(body)),
  });
}

const CONVERSE_EVENTS = [
  event('messageStart', { role: 'assistant' }),
  event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello.' } }),
  event('contentBlockStop', { contentBlockIndex: 0 }),
  event('messageStop', { stopReason: 'end_turn' }),
  event('metadata', { usage: CONVERSE_USAGE, metrics: { latencyMs: 1 } }),
];

/** Events of Claude's own, each in bytes in an event of Bedrock's. */
const CLAUDE_EVENTS = [
  { type: 'message_start', message: { role: 'assistant', usage: { ...CLAUDE_USAGE, output_tokens: 1 } } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello.' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 50 } },
  { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 100, outputTokenCount: 50 } },
].map(chunk);

const MISTRAL_EVENTS = [
  { outputs: [{ text: 'Hel', stop_reason: null }] },
  {
    outputs: [{ text: 'lo.', stop_reason: 'stop' }],
    'amazon-bedrock-invocationMetrics': { inputTokenCount: 100, outputTokenCount: 50 },
  },
].map(chunk);

function chunk(body: unknown): Uint8Array {
  return event('chunk', { bytes: Buffer.from(JSON.stringify(body)).toString('base64') });
}

/**
 * Starts a stand-in for Bedrock: Converse and InvokeModel, each whole or as a stream of events. Over HTTP/2, which its
 * client speaks unless told otherwise.
 */
export function startBedrock(): Promise<StandIn> {
  const speech: Speech = {
    refuse: (response) => {
      sendJson(response, 429, { message: 'Too many requests.' }, { 'x-amzn-errortype': 'ThrottlingException' });
    },
    answer: ({ path, body, response }) => {
      const isMistral = path.includes('mistral');
      if (path.endsWith('/converse-stream') || path.endsWith('-response-stream')) {
        response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
        const events = isMistral ? MISTRAL_EVENTS : CLAUDE_EVENTS;
        void sendParts(response, body, path.endsWith('/converse-stream') ? CONVERSE_EVENTS : events);
      } else if (path.endsWith('/converse')) {
        const message = { role: 'assistant', content: [{ text: 'Hello.' }] };
        sendJson(response, 200, { output: { message }, stopReason: 'end_turn', usage: CONVERSE_USAGE });
      } else {
        const counts = { 'x-amzn-bedrock-input-token-count': '100', 'x-amzn-bedrock-output-token-count': '50' };
        const answer = isMistral
          ? { outputs: [{ text: 'Hello.', stop_reason: 'stop' }] }
          : { content: [{ type: 'text', text: 'Hello.' }], stop_reason: 'end_turn', usage: CLAUDE_USAGE };
        sendJson(response, 200, answer, body.includes(NO_HEADERS) ? {} : counts);
      }
    },
  };
  return startStandIn(speech, 'h2c');
}
