import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { createUnreportedClients } from '../../instrumentation/unreported-clients.js';
import { startCapture } from '../support/captured-spans.js';
import { OPENAI_CALL, startOpenAi } from '../support/openai.js';
import { RUNTIMES, runUnderRegister } from '../support/run-under-register.js';

const APP = {
  load: [['{ OpenAI }', 'openai']],
  work: `
    const client = new OpenAI({ apiKey: 'none', baseURL: MODEL_URL + '/v1' });
    const ask = (stream) => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: SECRET }], stream });
    await ask(false);
    for await (const chunk of await ask(true)) if (chunk.choices.length === 0) throw new Error('a chunk without choices');
  `,
} as const;

const HEARD = /openai (\d+)\.\S+ asks models, and nothing reports its calls/g;

describe.concurrent.each(RUNTIMES.filter(([version]) => version === '20'))('on Node %s, as %s', (_, kind, node) => {
  it('a client that was loaded before register is named, once', { timeout: 120_000 }, async () => {
    await using openai = await startOpenAi();
    await using capture = await startCapture({ isGlobal: false });
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: openai.url, isLate: true });
    expect(output.match(HEARD)).toHaveLength(1);
    expect(await capture.calls()).toMatchObject([
      { inputTokens: null, costUsd: null },
      { inputTokens: null, costUsd: null },
    ]);
  });
});

describe.concurrent.each(RUNTIMES.filter(([version]) => version !== '20'))('on Node %s, as %s', (_, kind, node) => {
  it('openai 7 is reported, and nothing is said of it', { timeout: 120_000 }, async () => {
    await using openai = await startOpenAi();
    await using capture = await startCapture({ isGlobal: false });
    using seven = withOpenAi7();
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: openai.url, cwd: seven.cwd });
    expect(output.match(HEARD)).toBeNull();
    expect(await capture.calls()).toMatchObject([OPENAI_CALL, OPENAI_CALL]);
  });
});

it('each client is named once, with what to do', () => {
  const warnings: string[] = [];
  const notice = createUnreportedClients((text) => warnings.push(text));
  for (const agent of [
    'OpenAI/JS 6.49.0',
    'AzureOpenAI/JS 6.49.0',
    'Anthropic/JS 0.30.0',
    'google-genai-sdk/2.32.0 gl-node/v20.20.2',
    'ai/6.0.1 ai-sdk/provider-utils/4.0.1 runtime/node.js/v20.20.2',
    'langchainjs-openai/1.0.0 ((node/v20.20.2; linux; x64))',
    'node',
    '',
  ])
    notice(agent);
  expect(warnings.map((text) => text.split(' asks', 1)[0])).toEqual([
    'openai 6.49.0',
    '@anthropic-ai/sdk 0.30.0',
    '@google/genai 2.32.0',
    'ai 6.0.1',
    '@langchain/openai 1.0.0',
  ]);
  expect(warnings[3]).toContain('npm install @ai-sdk/otel');
});

/** A place where `openai` is its release 7: a copy, since hooks go by the name of a module's real folder. */
function withOpenAi7(): { readonly cwd: string } & Disposable {
  const cwd = mkdtempSync(join(tmpdir(), 'waybill-openai-7-'));
  cpSync(packagePath('node_modules', 'openai-7'), join(cwd, 'node_modules', 'openai'), {
    recursive: true,
    filter: (path) => !/\/src(\/|$)|\.map$|\.d\.m?ts$/.test(path),
  });
  symlinkSync(packagePath(), join(cwd, 'node_modules', 'waybill'));
  return { cwd, [Symbol.dispose]: () => rmSync(cwd, { recursive: true }) };
}
