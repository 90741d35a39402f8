import { expect, it } from 'vitest';
import { startCapture } from '../support/captured-spans.js';
import { OPENAI_CALL, startOpenAi } from '../support/openai.js';
import { runUnderRegister } from '../support/run-under-register.js';

/** Where the client is pointed, to whom that is. */
const ADDRESSES = [
  ['https://api.openai.com/v1', 'openai'],
  ['https://api.deepseek.com/v1', 'deepseek'],
  ['https://openrouter.ai/api/v1', 'openrouter'],
  ['https://acme.openai.azure.com/openai/v1', 'azure.ai.openai'],
  ['https://api.groq.com/openai/v1', 'groq'],
  ['https://api.mistral.ai/v1', 'mistral_ai'],
  ['http://localhost:11434/v1', 'ollama'],
  ['https://gateway.internal/v1', 'openai'],
] as const;

/** Everything but the network is real: requests go to the stand-in in place of the address, as a proxy would send them. */
const APP = {
  load: [['{ AzureOpenAI, OpenAI }', 'openai']],
  work: `
    const proxied = (url, init) => fetch(MODEL_URL + '/v1' + new URL(url).pathname, init);
    const ask = (client) => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: SECRET }] });
    for (const baseURL of ${JSON.stringify(ADDRESSES.map(([url]) => url))})
      await ask(new OpenAI({ apiKey: 'none', baseURL, fetch: proxied }));
    const azure = { endpoint: 'https://acme.openai.azure.com', apiVersion: '2024-10-21', deployment: 'gpt' };
    await ask(new AzureOpenAI({ ...azure, apiKey: 'none', fetch: proxied }));
  `,
} as const;

it('the openai client reports the provider that it is pointed at', { timeout: 120_000 }, async () => {
  await using openai = await startOpenAi();
  await using capture = await startCapture({ isGlobal: false });
  await runUnderRegister(APP, { node: process.execPath, kind: 'module', capture, modelUrl: openai.url });
  const { inputTokens, cacheReadTokens, outputTokens, reasoningTokens } = OPENAI_CALL;
  expect(await capture.calls()).toMatchObject(
    [...ADDRESSES.map(([, provider]) => provider), 'azure.ai.openai'].map((provider) => ({
      provider,
      inputTokens,
      cacheReadTokens,
      outputTokens,
      reasoningTokens,
    })),
  );
});
