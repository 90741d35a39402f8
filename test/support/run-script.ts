import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a script as a pipeline would: in a shell that stops at the first command that fails. */
export async function runScript(
  shell: readonly [program: string, ...args: string[]],
  script: string,
  options: { cwd: string; env: Readonly<Record<string, string>> },
): Promise<{ code: number | null; output: string }> {
  const [program, ...args] = shell;
  const child = spawn(program, [...args, '-c', script], { cwd: options.cwd, env: { ...process.env, ...options.env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, output };
}
