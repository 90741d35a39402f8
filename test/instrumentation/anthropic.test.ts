import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { ANTHROPIC_COST_USD, startAnthropic, TOO_MANY } from '../support/anthropic.js';
import { startCapture } from '../support/captured-spans.js';

/** Asks for an answer, a stream, a stream that is left after its first event, and one that is refused. */
const ASK = `
  const { withAttribution } = await import('waybill/instrumentation');
  const client = new Anthropic({ apiKey: 'none', baseURL: process.env.MODEL_URL, maxRetries: 0 });
  const ask = (content, stream) =>
    client.messages.create({ model: 'claude-test-1', max_tokens: 10, messages: [{ role: 'user', content }], stream });
  await withAttribution({ tenant: 'acme', feature: 'chat', policy: 'pro' }, async () => {
    await ask(process.env.PROMPT, false);
    for await (const event of await ask(process.env.PROMPT, true));
    for await (const event of await ask(process.env.PROMPT, true)) break;
    await ask('${TOO_MANY} ' + process.env.PROMPT, true).catch(() => undefined);
  });
`;
const APPS: readonly (readonly [string, string])[] = [
  ['module', `import Anthropic from '@anthropic-ai/sdk'; ${ASK}`],
  ['commonjs', `const { Anthropic } = require('@anthropic-ai/sdk'); (async () => { ${ASK} })();`],
];
const NODES: readonly (readonly [string, string])[] = [
  ['this', process.execPath],
  ['22', packagePath('node_modules', 'node22', 'bin', 'node')],
  ['24', packagePath('node_modules', 'node24', 'bin', 'node')],
];

describe.each(NODES.filter(([, node]) => existsSync(node)))(
  'the Anthropic client under register, on Node %s',
  (_, node) => {
    it.each(APPS)(
      'in a %s, each call has its usage and its tenant, and no content',
      { timeout: 30_000 },
      async (type, app) => {
        await using anthropic = await startAnthropic();
        await using capture = await startCapture({ isGlobal: false });
        const child = spawn(node, ['--import', 'waybill/register', `--input-type=${type}`, '-e', app], {
          cwd: packagePath(),
          env: {
            PATH: process.env['PATH'],
            OTEL_SERVICE_NAME: 'app',
            OTEL_EXPORTER_OTLP_ENDPOINT: capture.otlpUrl,
            // What the console exporter writes is the whole span; the receiver would pass content over.
            OTEL_TRACES_EXPORTER: 'otlp,console',
            MODEL_URL: anthropic.url,
            // Not in the script, which is on every span: it is among the arguments of the process.
            PROMPT: 'xyzzy',
          },
        });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
        await once(child, 'close');
        expect(child.exitCode, output).toBe(0);

        const call = {
          provider: 'anthropic',
          model: 'claude-test-1',
          attributes: { tenant: { value: 'acme', outcome: 'intact' } },
        };
        expect(await capture.calls()).toMatchObject([
          {
            ...call,
            inputTokens: 1100,
            cacheReadTokens: 800,
            cacheWriteTokens: 200,
            outputTokens: 50,
            costUsd: ANTHROPIC_COST_USD,
          },
          {
            ...call,
            inputTokens: 1100,
            cacheReadTokens: 800,
            cacheWriteTokens: 200,
            outputTokens: 50,
            costUsd: ANTHROPIC_COST_USD,
          },
          // Of a stream that its reader left, only the input is counted: what it cost is unknown, not zero.
          { ...call, inputTokens: null, costUsd: null },
          { ...call, costUsd: null },
        ]);
        expect((await capture.spans()).filter((span) => span.call?.usage?.outputTokens === null)).toMatchObject([
          { call: { usage: { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200 } } },
        ]);
        expect(output.match(/'error.type': 'stream_left'/g)).toHaveLength(1);
        for (const { attributes } of await capture.spans()) expect(attributes).toContain('acme');
        expect(output).toContain('gen_ai.response.id');
        expect(output).not.toContain('xyzzy');
      },
    );
  },
);
