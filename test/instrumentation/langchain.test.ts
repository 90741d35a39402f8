import { describe, expect, it } from 'vitest';
import { startCapture } from '../support/captured-spans.js';
import { EMBEDDINGS_CALL, OPENAI_CALL, startOpenAi } from '../support/openai.js';
import { RUNTIMES, runUnderRegister, SECRET } from '../support/run-under-register.js';
import { BUSY_ONCE, CUT, STALL, TOO_MANY, USE_TOOL } from '../support/stand-in.js';

const APP = {
  load: [
    ['{ ChatPromptTemplate }', '@langchain/core/prompts'],
    ['{ tool }', '@langchain/core/tools'],
    ['{ ChatOpenAI, OpenAIEmbeddings }', '@langchain/openai'],
  ],
  work: `
    const options = { apiKey: 'none', configuration: { baseURL: MODEL_URL + '/v1' }, maxRetries: 1 };
    const model = new ChatOpenAI({ ...options, model: 'gpt-4o' });
    const ask = (text) => text + ' ' + SECRET;
    const isFailed = () => 'failed';
    const read = async (stream) => { for await (const chunk of stream); };
    await ChatPromptTemplate.fromTemplate('{question}').pipe(model).invoke({ question: ask('') });
    await read(await model.stream(ask('')));
    for await (const chunk of await model.stream(ask('${STALL}'))) break;
    if (await model.stream(ask('${CUT}')).then(read).catch(isFailed) !== 'failed') throw new Error('not cut');
    if (await model.invoke(ask('${TOO_MANY}')).catch(isFailed) !== 'failed') throw new Error('not refused');
    await model.invoke(ask('${BUSY_ONCE}'));
    const lookUp = tool(async () => SECRET, { name: 'look_up', schema: { type: 'object', properties: { id: { type: 'number' } } } });
    const { tool_calls } = await model.bindTools([lookUp]).invoke(ask('${USE_TOOL}'));
    await lookUp.invoke(tool_calls[0]);
    await new OpenAIEmbeddings({ ...options, model: 'text-embedding-3-small' }).embedQuery(SECRET);
  `,
} as const;

describe.concurrent.each(RUNTIMES)('LangChain over openai under register, on Node %s, as %s', (_, kind, node) => {
  it('reports each request once, with its usage, cost and tenant, and no content', { timeout: 120_000 }, async () => {
    await using openai = await startOpenAi();
    await using capture = await startCapture({ isGlobal: false });
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: openai.url });

    const attributes = { tenant: { value: 'acme', outcome: 'intact' } };
    const whole = { ...OPENAI_CALL, attributes };
    const unknown = { provider: 'openai', model: 'gpt-4o', inputTokens: null, costUsd: null, attributes };
    const calls = await capture.calls();
    expect(calls).toMatchObject([
      whole,
      whole,
      unknown,
      unknown,
      ...calls.slice(4, -3).map(() => unknown),
      whole,
      whole,
      { ...EMBEDDINGS_CALL, attributes },
    ]);
    expect(output.match(/'error.type': 'stream_left'/g)).toHaveLength(1);
    expect(output).not.toContain(SECRET);
  });
});
