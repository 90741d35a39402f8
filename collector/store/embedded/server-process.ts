import { spawn } from 'node:child_process';
import { packagePath } from '../../package-path.js';

/** One run of the server's process. */
export interface ServerProcess {
  readonly pid: number | undefined;
  /** Resolves when the process is gone, or could not be started. */
  readonly ended: Promise<void>;
  readonly isAlive: () => boolean;
  /** Whether it has ever answered. */
  readonly wasReady: () => boolean;
  /** Notes that it has answered, and tells it so. */
  readonly confirmReady: () => void;
  /** The last of what it wrote to stderr. */
  readonly said: () => string;
  readonly kill: () => void;
}

const SAID_AT_MOST = 4_000;

/** Starts a process of the embedded server. @param args the arguments of `clickhouse`, beginning with its name */
export function launchServer(args: readonly string[]): ServerProcess {
  const child = spawn(process.execPath, [packagePath('dist/collector/store/embedded/child.js'), ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // Ctrl-C in a terminal goes to the whole process group, and the database must outlive our own draining.
    detached: true,
    // Nothing of ours may leak into the server or change what it does; its days begin at midnight UTC.
    env: { TZ: 'UTC' },
  });
  let said = '';
  let isReady = false;
  let isGone = false;
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID_AT_MOST);
  });
  // The pipe breaks when the child is killed, which `exit` tells as well.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((done) => {
    const over = (): void => {
      isGone = true;
      done();
    };
    child.once('exit', over).once('error', (error) => {
      said += error.message;
      over();
    });
  });
  return {
    pid: child.pid,
    ended,
    isAlive: () => !isGone,
    wasReady: () => isReady,
    confirmReady: () => {
      isReady = true;
      if (child.stdin.writable) child.stdin.write('.');
    },
    said: () => said.replaceAll(/^Logging .*$/gm, '').trim(),
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
