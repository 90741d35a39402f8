import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import { runScript } from './run-script.js';

const actionSchema = z.object({
  inputs: z.record(z.string(), z.object({ default: z.string().optional() })),
  runs: z.object({
    steps: z.array(
      z.object({
        id: z.string().optional(),
        shell: z.literal('bash'),
        env: z.record(z.string(), z.string()),
        run: z.string(),
      }),
    ),
  }),
});

export interface ActionRun {
  /** The code of the step that failed; 0: none did. */
  readonly code: number | null;
  readonly output: string;
  readonly summary: string;
  /** What the steps gave on, such as `steps.gate.outputs.junit`. */
  readonly outputs: ReadonlyMap<string, string>;
}

/** Runs the scripts of the GitHub Action one after the other as a runner does, on a pull request with the number 7. */
export async function runAction(
  directory: string,
  given: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): Promise<ActionRun> {
  const home = packagePath('deploy', 'github-action');
  const action = actionSchema.parse(parse(await readFile(join(home, 'action.yml'), 'utf8')));
  const temp = await mkdtemp(join(directory, 'runner-'));
  const summary = join(temp, 'summary');
  await writeFile(summary, '');
  const values = new Map([
    ['github.action_path', home],
    ['github.event.pull_request.number', '7'],
    ...Object.entries(action.inputs).map(
      ([name, input]) => [`inputs.${name}`, given[name] ?? input.default ?? ''] as const,
    ),
  ]);
  let output = '';
  for (const [number, step] of action.runs.steps.entries()) {
    const outputFile = join(temp, `output-${number}`);
    await writeFile(outputFile, '');
    const run = await runScript(['bash', '--noprofile', '--norc', '-eo', 'pipefail'], step.run, {
      cwd: temp,
      env: {
        ...env,
        RUNNER_TEMP: temp,
        GITHUB_OUTPUT: outputFile,
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_REPOSITORY: 'acme/rollouts',
        ...Object.fromEntries(Object.entries(step.env).map(([name, text]) => [name, filled(text, values)])),
      },
    });
    output += run.output;
    for (const line of (await readFile(outputFile, 'utf8')).split('\n').filter((one) => one !== '')) {
      const [name, ...value] = line.split('=');
      values.set(`steps.${step.id}.outputs.${name}`, value.join('='));
    }
    if (run.code !== 0) return { code: run.code, output, summary: await readFile(summary, 'utf8'), outputs: values };
  }
  return { code: 0, output, summary: await readFile(summary, 'utf8'), outputs: values };
}

/** A text with its `${{ … }}` filled in. */
function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{\{ (.*?) \}\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`The action asks for ${name}, which nothing gives.`);
    return value;
  });
}
