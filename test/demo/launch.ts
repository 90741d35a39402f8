import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that was started here, and ends with us. */
export interface Launched extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** What it wrote to standard error so far, by line. */
  readonly errorLines: () => readonly string[];
  /** Ends it by signal, by force after five seconds; may be called twice. */
  readonly stop: () => Promise<void>;
}

export interface LaunchOptions {
  readonly name: string;
  /** Arguments of `node`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The directory that it runs in. */
  readonly cwd: string;
  /** It is taken to have started when this port of the loopback interface answers. */
  readonly port: number;
}

const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 5_000;

/**
 * Starts a Node process and waits until it listens.
 *
 * @throws Error with the last lines that it wrote, where it ends or does not listen in time
 */
export async function launch({ name, args, env = {}, cwd, port }: LaunchOptions): Promise<Launched> {
  // Standard input stays open: its end tells the process that we are gone.
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...inherited(), ...env },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const lines = linesOf(child);
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    if (!isStopping) child.kill('SIGTERM');
    isStopping = true;
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(force);
  };
  const launched = { name, pid: child.pid ?? 0, errorLines: () => lines, stop, [Symbol.asyncDispose]: stop };
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(port))) {
    const isGone = child.exitCode !== null || child.signalCode !== null;
    if (isGone || Date.now() > deadline) {
      await stop();
      throw new Error(`${name} ${isGone ? 'ended' : 'did not listen'} at its start:\n${lines.slice(-20).join('\n')}`);
    }
    await sleep(50);
  }
  return launched;
}

/** The settings of whoever runs the demo must not reach its services: theirs are part of the demo. */
function inherited(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OTEL_|WAYBILL_|CLICKHOUSE_|NODE_OPTIONS$)/.test(name)),
  );
}

function linesOf(child: ChildProcess): readonly string[] {
  const lines: string[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return lines;
}

async function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
