import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseJunit } from 'junit2json';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { ExitCode, exitCodeOf } from '../../collector/cli/exit.js';
import { gateCommand } from '../../collector/cli/gate/command.js';
import { packagePath } from '../../collector/package-path.js';
import type { Comments } from '../support/comments.js';
import { startComments } from '../support/comments.js';
import { easyGate, gateTraces } from '../support/gate-audits.js';
import type { ImageTree } from '../support/image-tree.js';
import { imageTree } from '../support/image-tree.js';
import { otlpJson } from '../support/otlp-json.js';
import { runAction } from '../support/run-action.js';
import { runScript } from '../support/run-script.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybillAt, waybillPlace } from '../support/waybill.js';

/** How the comment with the evidence begins. */
const MARK = '<!-- waybill gate -->\n';

let image: ImageTree;
let filesOfImage: readonly string[];
let running: RunningWaybill;
let directory: string;
let comments: Comments;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-pipeline-'));
  image = await imageTree();
  filesOfImage = await filesOf(image);
  await writeFile(join(directory, 'waybill.yaml'), stringify(easyGate));
  // The server of this file is the one of the image.
  const flags = ['--contract', join(directory, 'waybill.yaml')];
  running = await startWaybillAt(await waybillPlace(), flags, process.execPath, {}, image.cli);
  const traces = gateTraces(Date.now() * 1_000);
  await fetch(`${running.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(otlpJson(traces.flat())),
  });
  await vi.waitFor(
    async () => expect(await running.ask('/v1/score')).toMatchObject({ score: { calls: traces.length } }),
    {
      timeout: 30_000,
      interval: 100,
    },
  );
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
  await rm(running.dataDir, { recursive: true, force: true, maxRetries: 5 });
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  comments = await startComments();
  return () => comments[Symbol.asyncDispose]();
});

async function filesOf({ directory: root }: ImageTree): Promise<string[]> {
  const parts = ['dist', 'schemas'].map((part) => readdir(join(root, part), { recursive: true }));
  return [...(await readdir(root)), ...(await Promise.all(parts)).flat()].toSorted();
}

async function deployed(...path: string[]): Promise<string> {
  return readFile(packagePath('deploy', ...path), 'utf8');
}

describe('the image', () => {
  it('serves from what is copied into it, writes nothing there, and tells whether it is well', async () => {
    const wellOn = async (port: string): Promise<number | null> => {
      const quoted = image.healthCheck.map((one) => `'${one.replaceAll("'", String.raw`'\''`)}'`).join(' ');
      return (await runScript(['sh'], quoted, { cwd: directory, env: { WAYBILL_API_PORT: port } })).code;
    };
    expect(await wellOn(new URL(running.apiUrl).port)).toBe(0);
    expect(await wellOn('9')).toBe(1);
    expect(await filesOf(image)).toEqual(filesOfImage);
  });
});

describe('the GitHub Action', () => {
  const act = (given: Record<string, string>) =>
    runAction(
      directory,
      { url: running.apiUrl, key: 'any', command: `${process.execPath} ${image.cli}`, token: 'let-me-in', ...given },
      { GITHUB_API_URL: comments.url },
    );

  it('passes where all scopes are ready, and comments the evidence', async () => {
    const run = await act({ scopes: 'tenant=acme,policy=pro-monthly\n\n' });
    expect(run.code, run.output).toBe(0);
    expect(run.summary).toMatch(/^## Ready to block: tenant acme, policy pro-monthly\n/);
    expect(comments.list.map(({ body }) => body)).toEqual(['Looks good.', `${MARK}${run.summary}`]);
    expect(comments.requests).toContain('POST /repos/acme/rollouts/issues/7/comments Bearer let-me-in');
    expect(await readFile(run.outputs.get('steps.gate.outputs.sarif') ?? '', 'utf8')).toContain('"2.1.0"');
  });

  it('fails where one is not, says what to fix, and replaces its comment', async () => {
    comments.list.push({ id: 2, body: `${MARK}earlier` });
    const run = await act({ scopes: 'tenant=acme\ntenant=globex' });
    expect(run).toMatchObject({ code: 1, output: expect.stringContaining('::error::Attribution is not good enough') });
    expect(comments.list).toHaveLength(2);
    expect(comments.list[1]?.body).toMatch(
      /Not ready to block: tenant globex[^]*Worst: dropped of tenant at web → litellm/,
    );
    expect(comments.requests.at(-1)).toMatch(/^PATCH \/repos\/acme\/rollouts\/issues\/comments\/2 /);
  });

  it('fails where Waybill cannot be asked', async () => {
    const away = await act({ url: 'http://127.0.0.1:9' });
    expect(away).toMatchObject({ code: 2, summary: '', output: expect.stringContaining('does not answer') });
  });

  it('runs nothing that stands in an input, and goes by the gate where it may not comment', async () => {
    comments.refuseWith = 403;
    const run = await act({ scopes: 'tenant=$(touch pwned)`touch pwned`";touch pwned' });
    expect(run).toMatchObject({ code: 3, output: expect.stringMatching(/::warning::.* answered 403/) });
    expect(await readdir(directory, { recursive: true })).not.toContainEqual(expect.stringContaining('pwned'));
  });
});

describe('the GitLab job', () => {
  const jobSchema = z.object({
    'waybill-gate': z.object({ variables: z.record(z.string(), z.string()), script: z.array(z.string()) }),
  });

  async function job(scopes: string, change: Record<string, string> = {}) {
    const { variables, script } = jobSchema.parse(parse(await deployed('gitlab', 'waybill-gate.yml')))['waybill-gate'];
    const cwd = await mkdtemp(join(directory, 'gitlab-'));
    const run = await runScript(['sh', '-e'], script.join('\n'), {
      cwd,
      env: {
        ...variables,
        WAYBILL_SCOPES: scopes,
        WAYBILL_COMMAND: `${process.execPath} ${image.cli}`,
        WAYBILL_URL: running.apiUrl,
        CI_API_V4_URL: comments.url,
        CI_PROJECT_ID: '42',
        CI_MERGE_REQUEST_IID: '7',
        ...change,
      },
    });
    return { ...run, cwd };
  }

  it('fails where a scope is not ready, with its checks as a test report and the evidence as a comment', async () => {
    const token = { WAYBILL_GITLAB_TOKEN: 'let-me-in' };
    expect(await job('tenant=initech', token)).toMatchObject({ code: 3 });
    expect(comments.requests.at(-1)).toBe('POST /projects/42/merge_requests/7/notes let-me-in');
    const { code, cwd, output } = await job('tenant=acme\ntenant=globex', token);
    expect(code, output).toBe(1);
    const report = await parseJunit(await readFile(join(cwd, 'waybill-gate.xml'), 'utf8'));
    expect(report).toMatchObject({
      tests: 14,
      failures: 3,
      testsuite: [{ name: 'tenant acme' }, { name: 'tenant globex' }],
    });
    const evidence = await readFile(join(cwd, 'waybill-gate.md'), 'utf8');
    expect(comments.list.map(({ body }) => body)).toEqual(['Looks good.', `${MARK}${evidence}`]);
    expect(comments.requests.at(-1)).toBe('PUT /projects/42/merge_requests/7/notes/2 let-me-in');
  });

  it('leaves with the code of the gate, and comments nothing where it could not be asked', async () => {
    const away = await job('', { WAYBILL_URL: 'http://127.0.0.1:9', WAYBILL_GITLAB_TOKEN: 'let-me-in' });
    expect(away.code).toBe(2);
    expect(comments.requests).toEqual([]);
  });
});

describe('the analysis of Argo Rollouts', () => {
  const metricSchema = z.object({
    successCondition: z.string(),
    failureCondition: z.string(),
    provider: z.object({
      web: z.object({
        url: z.string(),
        headers: z.array(z.object({ key: z.string(), value: z.string() })),
        jsonPath: z.string(),
      }),
    }),
  });
  const templateSchema = z.object({ spec: z.object({ metrics: z.tuple([metricSchema]) }) });

  /** Whether a condition such as `result == "ready"` holds of a result. */
  const holds = (condition: string, result: unknown): boolean => /^result == "(\w+)"$/.exec(condition)?.[1] === result;

  it.each([
    ['acme', { success: true, failure: false }],
    ['globex', { success: false, failure: true }],
    ['initech', { success: false, failure: false }],
  ])('takes the answer about %s as it is meant', async (tenant, outcome) => {
    const template = templateSchema.parse(parse(await deployed('argo', 'analysis-template.yaml')));
    const [{ successCondition, failureCondition, provider }] = template.spec.metrics;
    const values = new Map(Object.entries({ url: running.apiUrl, tenant, policy: 'pro-monthly', key: 'any' }));
    const fill = (text: string): string =>
      text.replaceAll(/\{\{args\.(\w+)\}\}/g, (_, name: string) => values.get(name) ?? '');
    const { url, headers, jsonPath } = provider.web;
    const response = await fetch(fill(url), { headers: headers.map(({ key, value }) => [key, fill(value)]) });
    const field = /^\{\$\.(\w+)\}$/.exec(jsonPath)?.[1] ?? '';
    const result = z.record(z.string(), z.unknown()).parse(await response.json())[field];
    expect({ success: holds(successCondition, result), failure: holds(failureCondition, result) }).toEqual(outcome);
  });
});

describe('the Job of Kubernetes', () => {
  beforeEach(() => {
    vi.spyOn(console, 'log').mockReturnValue();
    vi.spyOn(console, 'error').mockReturnValue();
    return () => {
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    };
  });

  const jobSchema = z.object({
    spec: z.object({
      podFailurePolicy: z.object({
        rules: z.tuple([z.object({ onExitCodes: z.object({ values: z.array(z.number()) }) })]),
      }),
      template: z.object({ spec: z.object({ containers: z.tuple([z.object({ args: z.array(z.string()) })]) }) }),
    }),
  });

  it('completes where the gate is ready, fails where it answers otherwise, and tries again where it does not', async () => {
    const { spec } = jobSchema.parse(parse(await deployed('kubernetes', 'gate-job.yaml')));
    const [{ args }] = spec.template.spec.containers;
    const codeOf = async (tenant: string, url = running.apiUrl) => {
      vi.stubEnv('WAYBILL_URL', url);
      const [name, ...flags] = args.map((one) => one.replace('acme', tenant));
      expect(name).toBe('gate');
      try {
        await gateCommand().exitOverride().parseAsync(flags, { from: 'user' });
        return process.exitCode;
      } catch (error) {
        return exitCodeOf(error);
      } finally {
        process.exitCode = undefined;
      }
    };
    const final = spec.podFailurePolicy.rules[0].onExitCodes.values;
    expect(await codeOf('acme')).toBe(0);
    expect(final).toContain(await codeOf('globex'));
    expect(final).toContain(ExitCode.tooLittleData);
    expect(final).not.toContain(await codeOf('acme', 'http://127.0.0.1:9'));
  });
});
