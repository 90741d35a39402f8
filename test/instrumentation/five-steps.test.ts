import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { startProvider } from '../demo/provider.js';
import { freePort } from '../support/free-port.js';
import { startWaybill, waybill } from '../support/waybill.js';

/** What the README shows under "Your own trace in five minutes", by its language. */
async function shown(): Promise<Readonly<Record<'yaml' | 'sh' | 'js', string>>> {
  const readme = await readFile(packagePath('README.md'), 'utf8');
  const section = /## Your own trace in five minutes\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
  const block = (language: string): string => {
    const found = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section)?.[1];
    if (found === undefined) throw new Error(`The README's section shows no ${language}.`);
    return found.replace(/^ {3}/gm, '');
  };
  return { yaml: block('yaml'), sh: block('sh'), js: block('js') };
}

/** An application as anybody might have it, with what it says of attribution, if anything. */
const app = (attribution: string): string => `
  import express from 'express';
  import OpenAI from 'openai';
  const openai = new OpenAI({ baseURL: process.env.PROVIDER_URL, apiKey: 'test' });
  const app = express();
  app.use((req, _res, next) => {
    req.auth = { org: req.get('x-account') };
    next();
  });
  ${attribution}
  app.post('/', async (_req, res) => {
    const messages = [{ role: 'user', content: 'Who pays for it?' }];
    await openai.chat.completions.create({ model: 'gpt-4o', messages });
    res.end();
  });
  app.listen(Number(process.env.PORT), '127.0.0.1');
`;

/** Runs the application by the README's own command, and asks it often enough for the gate. */
async function use(command: string, code: string, otlpUrl: string, providerUrl: string): Promise<void> {
  const port = await freePort();
  await mkdir(packagePath('reports'), { recursive: true });
  // Within the package, so that `waybill` is found from there.
  const file = packagePath('reports', `five-steps-${port}.mjs`);
  await writeFile(file, code);
  const line = command.replace('http://127.0.0.1:4318', otlpUrl).replace('app.js', file);
  const env = { PATH: process.env['PATH'], PORT: String(port), PROVIDER_URL: providerUrl };
  const child = spawn('sh', ['-c', `exec env ${line}`], {
    cwd: packagePath(),
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const gone = once(child, 'exit');
  try {
    const url = `http://127.0.0.1:${port}`;
    const ask = () => fetch(url, { method: 'POST', headers: { 'x-account': 'acme' } });
    while (
      child.exitCode === null &&
      !(await ask().then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      await sleep(50);
    await Promise.all(Array.from({ length: 60 }, ask));
  } finally {
    child.kill('SIGTERM');
    await gone;
    await rm(file, { force: true });
  }
}

it(
  'the five steps of the README lead from an uninstrumented application to a green gate',
  { timeout: 180_000 },
  async () => {
    const { yaml, sh, js } = await shown();
    const command = sh.split('\n').find((line) => line.includes('--import waybill/register')) ?? '';
    const contract = packagePath('reports', `five-steps-${process.pid}.yaml`);
    await mkdir(packagePath('reports'), { recursive: true });
    await writeFile(contract, yaml);
    try {
      await using provider = await startProvider();
      await using running = await startWaybill(['--contract', contract]);
      const answered = (query = '') => running.ask(`/v1/gate${query}`);
      const options = { timeout: 60_000, interval: 500 };

      await use(command, app(''), running.otlpUrl, provider.url);
      await expect.poll(async () => JSON.stringify(await answered()), options).toContain('"missing"');
      expect(await answered()).toMatchObject({ answer: 'not_ready' });

      await use(command, app(js), running.otlpUrl, provider.url);
      await expect.poll(() => answered('?tenant=acme'), options).toMatchObject({ answer: 'ready' });
      expect((await waybill(['gate', '--url', running.apiUrl, '--tenant', 'acme'])).code).toBe(0);
    } finally {
      await rm(contract, { force: true });
    }
  },
);
