import { describe, expect, it } from 'vitest';
import { startCapture } from '../support/captured-spans.js';
import { EMBEDDINGS_CALL, OPENAI_CALL, startOpenAi } from '../support/openai.js';
import { RUNTIMES, runUnderRegister, SECRET } from '../support/run-under-register.js';
import { BUSY_ONCE, CUT, STALL, TOO_MANY, USE_TOOL } from '../support/stand-in.js';

const APP = {
  load: [
    ['{ embed, generateText, isStepCount, jsonSchema, streamText, tool }', 'ai'],
    ['{ createOpenAI }', '@ai-sdk/openai'],
  ],
  work: `
    const openai = createOpenAI({ apiKey: 'none', baseURL: MODEL_URL + '/v1' });
    const model = openai.chat('gpt-4o');
    const ask = (text) => ({ model, prompt: text + ' ' + SECRET, onError() {} });
    const read = async ({ textStream }) => { for await (const text of textStream); };
    const isFailed = () => 'failed';
    await generateText(ask(''));
    await read(streamText(ask('')));
    const abort = new AbortController();
    for await (const text of streamText({ ...ask('${STALL}'), abortSignal: abort.signal }).textStream) abort.abort();
    await read(streamText({ ...ask('${CUT}'), maxRetries: 0 })).catch(isFailed);
    if (await generateText({ ...ask('${TOO_MANY}'), maxRetries: 1 }).catch(isFailed) !== 'failed') throw new Error('not refused');
    await generateText(ask('${BUSY_ONCE}'));
    const inputSchema = jsonSchema({ type: 'object', properties: { id: { type: 'number' } } });
    const tools = { look_up: tool({ inputSchema, execute: async () => SECRET }) };
    await generateText({ ...ask('${USE_TOOL}'), tools, stopWhen: isStepCount(2) });
    await embed({ model: openai.embedding('text-embedding-3-small'), value: SECRET });
    // Left without a word to ai, and then the application ends.
    for await (const text of streamText(ask('${STALL}')).textStream) process.exit();
  `,
} as const;

describe.concurrent.each(RUNTIMES)('Vercel ai 7 under register, on Node %s, as %s', (_, kind, node) => {
  it('reports each request once, with its usage, cost and tenant, and no content', { timeout: 120_000 }, async () => {
    await using openai = await startOpenAi();
    await using capture = await startCapture({ isGlobal: false });
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: openai.url });

    const attributes = { tenant: { value: 'acme', outcome: 'intact' } };
    const whole = { ...OPENAI_CALL, attributes };
    const unknown = { provider: 'openai', model: 'gpt-4o', inputTokens: null, costUsd: null, attributes };
    expect(await capture.calls()).toMatchObject([
      whole,
      whole,
      // OpenAI counts at the very end of a stream: who left or was cut off before it was not told.
      unknown,
      unknown,
      unknown,
      whole,
      // The tool's result is asked about in a request of its own.
      whole,
      whole,
      { ...EMBEDDINGS_CALL, attributes },
      unknown,
    ]);
    // All requests lie below their calls, those for embeddings included, and what a gateway reports of them would, too.
    const spans = await capture.spans();
    const callIds = spans.flatMap(({ call, spanId }) => (call === null || call === undefined ? [] : [spanId]));
    const requests = spans.filter(({ name }) => name === 'POST');
    expect(requests.length).toBeGreaterThan(9);
    expect(requests.filter(({ parentSpanId }) => !callIds.includes(parentSpanId ?? ''))).toEqual([]);
    expect(openai.refused()).toBe(3);
    expect(output.match(/'error.type': 'stream_left'/g)).toHaveLength(2);
    expect(output).not.toContain(SECRET);
  });
});
