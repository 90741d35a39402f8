import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv-draft-04';
import { parse as parseJunit } from 'junit2json';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { gateCommand } from '../../../collector/cli/gate/command.js';
import { gateJunit } from '../../../collector/cli/gate/junit.js';
import { gateMarkdown } from '../../../collector/cli/gate/markdown.js';
import { gateSarif } from '../../../collector/cli/gate/sarif.js';
import type { GateAnswer } from '../../../schemas/gate.js';
import { gateAnswerSchema } from '../../../schemas/gate.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { easyGate, storeGateAudits } from '../../support/gate-audits.js';

const NOW_US = 1_793_620_800_000_000;

let test: TestStore;
let api: TestApi;
let directory: string;
let notReady: GateAnswer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-gate-'));
  test = await startTestStore();
  await storeGateAudits(test.store, NOW_US);
  api = await startTestApi(test.store, contract(easyGate), () => NOW_US);
  notReady = gateAnswerSchema.parse(await (await fetch(`${api.url}/v1/gate?tenant=globex&keep=false`)).json());
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

/** Runs `waybill gate`, and says what it printed and with which code it would exit. */
async function gate(...args: string[]): Promise<{ text: string; code: typeof process.exitCode }> {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  const command = gateCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  await command.parseAsync(['--url', api.url, ...args], { from: 'user' });
  return { text: print.mock.calls.splice(0).flat().join('\n'), code: process.exitCode };
}

const require = createRequire(import.meta.url);
const isSarif = new Ajv.default({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(
  z.record(z.string(), z.unknown()).parse(require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json')),
);

const sarifSchema = z.object({
  runs: z.tuple([
    z.object({
      tool: z.object({ driver: z.object({ rules: z.array(z.object({ id: z.string() })) }) }),
      invocations: z.array(z.object({ exitCode: z.number() })),
      results: z.array(
        z.object({
          ruleId: z.string(),
          ruleIndex: z.number(),
          kind: z.string(),
          level: z.string(),
          message: z.object({ text: z.string() }),
          partialFingerprints: z.record(z.string(), z.string()),
        }),
      ),
    }),
  ]),
});

describe('waybill gate', () => {
  it.each([
    ['acme', 0, 'READY'],
    ['globex', 1, 'NOT READY'],
    ['initech', 3, 'NOT ENOUGH DATA'],
  ])('says of %s with its exit code what it says in words', async (tenant, code, words) => {
    const answer = await gate('--tenant', tenant);
    expect(answer).toEqual({ code, text: expect.stringMatching(new RegExp(`^${words} {2}tenant ${tenant}\n`)) });
  });

  it('asks about several scopes, of which one that is not ready decides', async () => {
    const scopes = (...tenants: string[]) => tenants.flatMap((tenant) => ['--scope', `tenant=${tenant},feature=chat`]);
    expect((await gate(...scopes('acme', 'initech'))).code).toBe(3);
    const all = await gate(...scopes('initech', 'acme', 'globex'), '--format', 'json');
    expect(all.code).toBe(1);
    const { answers } = z.object({ answers: z.array(gateAnswerSchema) }).parse(JSON.parse(all.text));
    expect(answers.map(({ scope, answer }) => [scope.tenant, scope.feature, answer])).toEqual([
      ['initech', 'chat', 'insufficient_data'],
      ['acme', 'chat', 'ready'],
      ['globex', 'chat', 'not_ready'],
    ]);
  });

  it.each(['acme', 'tenant=', 'team=acme', 'tenant=acme,tenant=globex'])(
    'refuses a scope such as %s',
    async (scope) => {
      await expect(gate('--scope', scope)).rejects.toThrow('A scope names tenant, feature, policy or service');
    },
  );

  it('refuses a scope beside the flags of another one, and a format that there is not', async () => {
    await expect(gate('--scope', 'tenant=acme', '--tenant', 'globex')).rejects.toThrow('cannot be used with');
    await expect(gate('--out', 'xml=gate.xml')).rejects.toThrow('there are pretty, json, markdown, junit, sarif');
    await expect(gate('--out', `json=${join(directory, 'no', 'where')}`)).rejects.toThrow('cannot be written: ENOENT');
  });

  it('writes one answer in several formats, and keeps it once', async () => {
    const files = ['junit', 'sarif', 'markdown'].map((format) => [format, join(directory, format)] as const);
    const scope = ['--scope', 'tenant=globex,service=litellm'];
    const printed = await gate(
      ...scope,
      '--format',
      'json',
      ...files.flatMap(([f, file]) => ['--out', `${f}=${file}`]),
    );
    const answers = [gateAnswerSchema.parse(JSON.parse(printed.text))];
    for (const [format, file] of files) {
      const of = { junit: gateJunit, sarif: () => gateSarif(answers, 'waybill.yaml'), markdown: gateMarkdown }[format];
      expect(await readFile(file, 'utf8')).toBe(`${of?.(answers)}\n`);
    }
    const history = await fetch(`${api.url}/v1/gate/history?tenant=globex&service=litellm`);
    expect(z.object({ answers: z.array(z.unknown()) }).parse(await history.json()).answers).toHaveLength(1);
  });
});

describe('as JUnit', () => {
  it('is a suite a scope and a case a check, with what does not hold as failures and what is not known as errors', async () => {
    const { text } = await gate(
      ...['acme', 'globex', 'initech'].flatMap((one) => ['--scope', `tenant=${one}`]),
      '--format',
      'junit',
    );
    const suites = await parseJunit(text);
    expect(suites).toMatchObject({ tests: 21, testsuite: [{}, {}, {}] });
    const [ready, bad, few] = z.object({ testsuite: z.array(z.any()) }).parse(suites).testsuite;
    expect(ready).toMatchObject({ name: 'tenant acme', tests: 7, failures: 0, errors: 0 });
    expect(bad).toMatchObject({ name: 'tenant globex', errors: 0, timestamp: '2026-11-02T12:00:00' });
    expect(bad.testcase).toContainEqual(
      expect.objectContaining({
        name: 'enforceable-spend',
        classname: 'waybill.gate.tenant globex',
        failure: [
          expect.objectContaining({
            message: expect.stringMatching(/^0 % of spend is enforceable/),
            inner: expect.stringMatching(
              /required: lower bound at least 60 %\nworst: dropped of tenant at web → litellm, 12 calls, \$0\.042\nfix: {3}Propagate baggage/,
            ),
          }),
        ],
      }),
    );
    expect(few.errors).toBeGreaterThan(0);
    expect(few.testcase[0].error[0]).toMatchObject({ message: 'Only 3 calls in the window.' });
  });

  it('holds what XML has no place for', async () => {
    const scope = { tenant: 'a<b>&"\u0000\uFFFE\uD800]]>' };
    const suites = await parseJunit(gateJunit([{ ...notReady, scope }]));
    expect(suites).toMatchObject({ testsuite: [{ name: 'tenant a<b>&"\\x00\uFFFD\uFFFD]]>' }] });
  });
});

describe('as SARIF', () => {
  it('is valid 2.1.0, with a result for each check that does not hold and the same fingerprint each time', async () => {
    const ask = ['globex', 'initech', 'acme'].flatMap((one) => ['--scope', `tenant=${one}`]);
    const { text } = await gate(...ask, '--format', 'sarif');
    expect(isSarif(JSON.parse(text)), JSON.stringify(isSarif.errors)).toBe(true);
    const [{ tool, invocations, results }] = sarifSchema.parse(JSON.parse(text)).runs;
    expect(invocations.map(({ exitCode }) => exitCode)).toEqual([1, 3, 0]);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(results[0]).toMatchObject({ ruleId: 'enforceable-spend', kind: 'fail', level: 'error' });
    expect(results[0]?.message.text).toMatch(
      /^tenant globex: 0 % of spend.*\nobserved: .*\nworst: .*\nfix: {3}Propagate/s,
    );
    expect(results.find(({ ruleId }) => ruleId === 'calls')).toMatchObject({ kind: 'open', level: 'none' });
    const prints = results.map(({ partialFingerprints }) => partialFingerprints['waybillGate/v1']);
    expect(new Set(prints).size).toBe(prints.length);
    const [again] = sarifSchema.parse(JSON.parse((await gate(...ask, '--format', 'sarif')).text)).runs;
    expect(again.results.map(({ partialFingerprints }) => partialFingerprints['waybillGate/v1'])).toEqual(prints);
  });

  it('has no result where all is ready, and knows what is not SARIF', async () => {
    const { text } = await gate('--tenant', 'acme', '--format', 'sarif');
    expect(isSarif(JSON.parse(text))).toBe(true);
    expect(sarifSchema.parse(JSON.parse(text)).runs[0].results).toEqual([]);
    expect(isSarif(JSON.parse(text.replace('"results": []', '"results": [{ "level": "bad" }]')))).toBe(false);
  });
});

describe('as Markdown', () => {
  it('says the verdict, what was observed and required, and where it is worst with the fix', async () => {
    const { text } = await gate('--tenant', 'globex', '--format', 'markdown');
    expect(text).toMatch(/^## Not ready to block: tenant globex\n\n\*\*Score\*\* 0\.0 of 100/);
    expect(text).toMatch(
      /\| ✓ \| calls \| 12 \| at least 10 \|\n\| ✗ \| enforceable-spend \| 0 % .* \| lower bound at least 60 % \|/,
    );
    expect(text).toMatch(
      /- \*\*enforceable-spend\*\* 0 % of spend.*\n {2}- Spend behind it: \$0\.042\n {2}- Worst: dropped of tenant at web → litellm.*\n {2}- Fix: Propagate/,
    );
  });

  it('lets no name break a table, become a link or call for a person', () => {
    const hostile = '<img src=x>|[x](javascript:1) @octocat https://evil.example www.evil.example';
    const text = gateMarkdown([{ ...notReady, scope: { tenant: hostile } }]);
    const [head = ''] = text.split('\n');
    expect(head.replaceAll(/\\./g, '')).not.toMatch(/[<|[]|@octocat|:\/\/|www\./);
  });
});
