import { describe, expect, it } from 'vitest';
import { startCapture } from '../support/captured-spans.js';
import { GEMINI_CALL, HALF_GEMINI_CALL, startGemini } from '../support/gemini.js';
import { RUNTIMES, runUnderRegister, SECRET } from '../support/run-under-register.js';
import { BUSY_ONCE, CUT, STALL, TOO_MANY, USE_TOOL } from '../support/stand-in.js';

const APP = {
  load: [['{ GoogleGenAI }', '@google/genai']],
  work: `
    const httpOptions = { baseUrl: MODEL_URL, retryOptions: { attempts: 2, initialDelay: 1 } };
    const { models } = new GoogleGenAI({ apiKey: 'none', vertexai: false, httpOptions });
    const ask = (prompt) => ({ model: 'gemini-test-1', contents: prompt + ' ' + SECRET });
    await models.generateContent(ask(''));
    for await (const chunk of await models.generateContentStream(ask('')));
    for await (const chunk of await models.generateContentStream(ask('${STALL}'))) break;
    const isFailed = (error) => 'failed';
    const read = async (stream) => { for await (const chunk of stream); };
    if (await models.generateContentStream(ask('${CUT}')).then(read).catch(isFailed) !== 'failed') throw new Error('not cut');
    if (await models.generateContent(ask('${TOO_MANY}')).catch(isFailed) !== 'failed') throw new Error('not refused');
    await models.generateContent(ask('${BUSY_ONCE}'));
    const tool = {
      tool: async () => ({ functionDeclarations: [{ name: 'look_up' }] }),
      callTool: async () => [{ functionResponse: { name: 'look_up', response: { found: SECRET } } }],
    };
    await models.generateContent({ ...ask('${USE_TOOL}'), config: { tools: [tool] } });
    await models.embedContent(ask(''));
  `,
} as const;

describe.concurrent.each(RUNTIMES)('@google/genai under register, on Node %s, as %s', (_, kind, node) => {
  it('reports each request once, with its usage, cost and tenant, and no content', { timeout: 120_000 }, async () => {
    await using gemini = await startGemini();
    await using capture = await startCapture({ isGlobal: false });
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: gemini.url });

    const attributes = { tenant: { value: 'acme', outcome: 'intact' } };
    const calls = await capture.calls();
    expect(calls).toMatchObject([
      { ...GEMINI_CALL, attributes },
      { ...GEMINI_CALL, attributes },
      { ...HALF_GEMINI_CALL, attributes },
      { ...HALF_GEMINI_CALL, attributes },
      { model: 'gemini-test-1', inputTokens: null, costUsd: null, attributes },
      { ...GEMINI_CALL, attributes },
      // The tool's result is asked about in a request of its own.
      { ...GEMINI_CALL, attributes },
      { ...GEMINI_CALL, attributes },
      // Gemini counts no tokens of embeddings.
      { operation: 'embeddings', inputTokens: null, costUsd: null, attributes },
    ]);
    expect(calls.at(-1)?.findings.map(({ rule }) => rule)).toContain('no-usage');
    expect(gemini.refused()).toBe(3);
    expect(output.match(/'error.type': '\w+'/g)).toContain("'error.type': 'stream_left'");
    expect(output).not.toContain(SECRET);
  });
});
