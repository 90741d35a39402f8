import { describe, expect, it } from 'vitest';
import { ANTHROPIC_COST_USD, startAnthropic, TOO_MANY } from '../support/anthropic.js';
import { startCapture } from '../support/captured-spans.js';
import { RUNTIMES, runUnderRegister, SECRET } from '../support/run-under-register.js';

/** Asks for an answer, a stream, a stream that is left after its first event, and one that is refused. */
const APP = {
  load: [['{ Anthropic }', '@anthropic-ai/sdk']],
  work: `
    const client = new Anthropic({ apiKey: 'none', baseURL: MODEL_URL, maxRetries: 0 });
    const ask = (content, stream) =>
      client.messages.create({ model: 'claude-test-1', max_tokens: 10, messages: [{ role: 'user', content }], stream });
    await ask(SECRET, false);
    for await (const event of await ask(SECRET, true));
    for await (const event of await ask(SECRET, true)) break;
    await ask('${TOO_MANY} ' + SECRET, true).catch(() => undefined);
  `,
} as const;

describe.concurrent.each(RUNTIMES)('the Anthropic client under register, on Node %s, as %s', (_, kind, node) => {
  it('reports each request with its usage, cost and tenant, and no content', { timeout: 120_000 }, async () => {
    await using anthropic = await startAnthropic();
    await using capture = await startCapture({ isGlobal: false });
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: anthropic.url });

    const call = {
      provider: 'anthropic',
      model: 'claude-test-1',
      attributes: { tenant: { value: 'acme', outcome: 'intact' } },
    };
    const usage = { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200, outputTokens: 50 };
    expect(await capture.calls()).toMatchObject([
      { ...call, ...usage, costUsd: ANTHROPIC_COST_USD },
      { ...call, ...usage, costUsd: ANTHROPIC_COST_USD },
      // Of a stream that its reader left, only the input is counted: what it cost is unknown, not zero.
      { ...call, inputTokens: null, costUsd: null },
      { ...call, costUsd: null },
    ]);
    const spans = await capture.spans();
    expect(spans.filter((span) => span.call?.usage?.outputTokens === null)).toMatchObject([
      { call: { usage: { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200 } } },
    ]);
    expect(output.match(/'error.type': 'stream_left'/g)).toHaveLength(1);
    for (const { attributes } of spans) expect(attributes).toContain('acme');
    expect(output).toContain('gen_ai.response.id');
    expect(output).not.toContain(SECRET);
  });
});
