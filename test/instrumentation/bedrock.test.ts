import { describe, expect, it } from 'vitest';
import { BEDROCK_CALL, MISTRAL, NO_HEADERS, startBedrock } from '../support/bedrock.js';
import { startCapture } from '../support/captured-spans.js';
import { RUNTIMES, runUnderRegister, SECRET } from '../support/run-under-register.js';
import { BUSY_ONCE, CUT, STALL, TOO_MANY } from '../support/stand-in.js';

const APP = {
  load: [
    [
      '{ BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, InvokeModelCommand, InvokeModelWithResponseStreamCommand }',
      '@aws-sdk/client-bedrock-runtime',
    ],
  ],
  work: `
    const client = new BedrockRuntimeClient({
      region: 'us-east-1', endpoint: MODEL_URL, credentials: { accessKeyId: 'none', secretAccessKey: 'none' }, maxAttempts: 2,
    });
    const modelId = 'anthropic.claude-test-1';
    const prompt = (text) => ({ modelId, messages: [{ role: 'user', content: [{ text: text + ' ' + SECRET }] }] });
    const raw = (text, model = modelId) => ({
      modelId: model, contentType: 'application/json',
      body: JSON.stringify({ prompt: text + ' ' + SECRET, messages: [], max_tokens: 10 }),
    });
    const isFailed = () => 'failed';
    const read = async (stream) => { for await (const event of stream); };
    const converse = async (text) => (await client.send(new ConverseStreamCommand(prompt(text)))).stream;
    const invoke = async (text, model) => (await client.send(new InvokeModelWithResponseStreamCommand(raw(text, model)))).body;
    await client.send(new ConverseCommand(prompt('')));
    await read(await converse(''));
    for await (const event of await converse('${STALL}')) break;
    if (await converse('${CUT}').then(read).catch(isFailed) !== 'failed') throw new Error('not cut');
    if (await converse('${TOO_MANY}').catch(isFailed) !== 'failed') throw new Error('not refused');
    await client.send(new ConverseCommand(prompt('${BUSY_ONCE}')));
    await client.send(new InvokeModelCommand(raw('')));
    await read(await invoke(''));
    for await (const event of await invoke('${STALL}')) break;
    await client.send(new InvokeModelCommand(raw('', '${MISTRAL}')));
    await client.send(new InvokeModelCommand(raw('${NO_HEADERS}', '${MISTRAL}')));
    await read(await invoke('', '${MISTRAL}'));
  `,
} as const;

describe.concurrent.each(RUNTIMES)('the Bedrock client under register, on Node %s, as %s', (_, kind, node) => {
  it('reports each request once, with its usage, cost and tenant, and no content', { timeout: 120_000 }, async () => {
    await using bedrock = await startBedrock();
    await using capture = await startCapture({ isGlobal: false });
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: bedrock.url });

    const attributes = { tenant: { value: 'acme', outcome: 'intact' } };
    const whole = { ...BEDROCK_CALL, attributes };
    const unknown = {
      provider: 'aws.bedrock',
      model: BEDROCK_CALL.model,
      inputTokens: null,
      costUsd: null,
      attributes,
    };
    // 100 tokens at $3 and 50 at $15, a million each.
    const mistral = { model: MISTRAL, inputTokens: 100, outputTokens: 50, costUsd: '0.001050000000', attributes };
    const calls = await capture.calls();
    expect(calls).toMatchObject([
      whole,
      whole,
      // Converse counts at the very end of a stream: who left or was cut off before it was not told.
      unknown,
      unknown,
      unknown,
      whole,
      whole,
      whole,
      // Claude counts the input at once, and the output at the end: the span has the one, the cost needs both.
      unknown,
      mistral,
      { model: MISTRAL, inputTokens: 4, outputTokens: 1 },
      mistral,
    ]);
    const isEstimated = calls.map(({ findings }) => findings.some(({ rule }) => rule === 'estimated-usage'));
    expect(isEstimated.flatMap((is, i) => (is ? [i] : []))).toEqual([10]);
    const spans = await capture.spans();
    expect(spans.flatMap(({ call }) => (call?.usage?.outputTokens === null ? call.usage : []))).toMatchObject([
      { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200 },
    ]);
    expect(bedrock.refused()).toBe(3);
    expect(output.match(/'error.type': 'stream_left'/g)).toHaveLength(2);
    expect(output).not.toContain(SECRET);
    expect(output).not.toContain('nothing reports its calls');
  });
});
