import OpenAI from 'openai';
import { PROMPT } from './captured-spans.js';

/** Asks the demo's provider for a chat, a stream of it with usage at its end, a response and an embedding, in turn. */
export async function useOpenAi(baseURL: string): Promise<void> {
  const client = new OpenAI({ apiKey: 'none', baseURL });
  const chat = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: PROMPT }] };
  await client.chat.completions.create(chat);
  const stream = await client.chat.completions.create({
    ...chat,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) void chunk;
  await client.responses.create({ model: 'gpt-4o', input: PROMPT });
  await client.embeddings.create({ model: 'text-embedding-3-small', input: 'hello there' });
}

/** What the demo's provider counts for `PROMPT` as the input of a response: 308 tokens, 192 cached ones, 46. */
export const RESPONSE_CALL = { inputTokens: 500, cacheReadTokens: 192, outputTokens: 46, costUsd: '0.001470000000' };
