import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { parseAction } from '@actions/workflow-parser/actions/action-parser';
import { AnalysisTemplate } from '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisTemplate';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import type { Typed } from '../support/kubernetes.js';
import { unknownFields } from '../support/kubernetes.js';

const run = promisify(execFile);

async function deployed(...path: string[]): Promise<string> {
  return readFile(packagePath('deploy', ...path), 'utf8');
}

describe('the GitHub Action', () => {
  const trace = new NoOperationTraceWriter();
  const wrongInAction = (content: string): string[] =>
    parseAction({ name: 'action.yml', content }, trace).context.errors.getErrors().map(String);

  it("is an action to GitHub's own parser, which knows what is not", async () => {
    const action = await deployed('github-action', 'action.yml');
    expect(wrongInAction(action)).toEqual([]);
    expect(wrongInAction(action.replace('shell: bash', 'shel: bash'))).toContainEqual(expect.stringContaining('shel'));
    expect(wrongInAction(action.replace('  using: composite', '  usin: composite'))).not.toEqual([]);
  });

  it('is used in the README as a workflow may, with inputs that there are', async () => {
    const [workflow = ''] = (await deployed('github-action', 'README.md')).match(/(?<=```yaml\n)[^]*?(?=```)/) ?? [];
    expect(parseWorkflow({ name: 'w.yaml', content: workflow }, trace).context.errors.getErrors().map(String)).toEqual(
      [],
    );
    const inputs = z
      .object({ inputs: z.record(z.string(), z.unknown()) })
      .parse(parse(await deployed('github-action', 'action.yml')));
    const { jobs } = z
      .object({
        jobs: z.record(
          z.string(),
          z.object({
            steps: z.array(
              z.object({ uses: z.string().optional(), with: z.record(z.string(), z.unknown()).optional() }),
            ),
          }),
        ),
      })
      .parse(parse(workflow));
    const own = jobs['gate']?.steps.find(({ uses }) => uses?.includes('deploy/github-action'));
    expect(Object.keys(inputs.inputs)).toEqual(expect.arrayContaining(Object.keys(own?.with ?? { none: '' })));
  });
});

it("is a job to GitLab's schema, which knows what is not", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-gitlab-'));
  try {
    const file = join(directory, '.gitlab-ci.yml');
    const program = packagePath('node_modules', 'gitlab-ci-local', 'dist', 'index.js');
    const preview = () =>
      run(packagePath('node_modules', 'node22', 'bin', 'node'), [program, '--preview'], { cwd: directory });
    await run('git', ['init', '--quiet', directory]);
    const job = await deployed('gitlab', 'waybill-gate.yml');
    await writeFile(file, job);
    const { stdout } = await preview();
    expect(stdout).toContain('junit: waybill-gate.xml');
    await writeFile(file, job.replace('when: always', 'when: sometimes'));
    await expect(preview()).rejects.toThrow('waybill-gate.artifacts.when');
  } finally {
    await rm(directory, { recursive: true });
  }
});

it('are resources to the schemas of Kubernetes and Argo Rollouts, with no field that these do not know', async () => {
  const job: unknown = parse(await deployed('kubernetes', 'gate-job.yaml'));
  const analysis: unknown = parse(await deployed('argo', 'analysis-template.yaml'));
  for (const [model, manifest] of [
    [Job, job],
    [AnalysisTemplate, analysis],
  ] as const) {
    new model(z.any().parse(manifest)).validate();
  }
  const jobs: Typed = { module: 'kubernetes-models/batch/v1/Job', type: 'IJob', manifest: job };
  const analyses: Typed = {
    module: '@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisTemplate',
    type: 'IAnalysisTemplate',
    manifest: analysis,
  };
  const misspelt = ({ manifest, ...typed }: Typed, from: string, to: string): Typed => {
    const text = JSON.stringify(manifest);
    expect(text).toContain(from);
    return { ...typed, manifest: JSON.parse(text.replace(from, to)) };
  };
  const said = await unknownFields([
    jobs,
    analyses,
    misspelt(jobs, 'readOnlyRootFilesystem', 'readonlyRootFilesystem'),
    misspelt(analyses, 'jsonPath', 'jsonpath'),
  ]);
  const lines = [...said.matchAll(/manifests\.mts\((\d+),/g)].map(([, line]) => Number(line));
  // Two lines a manifest: the two that are misspelt are refused, and they alone.
  expect(new Set(lines), said).toEqual(new Set([6, 8]));
});
