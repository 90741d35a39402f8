import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childOf } from '../bench/processes.js';
import type { RunningWaybill } from '../support/waybill.js';

/** Kills a process, and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Kills a Waybill, and waits for its database, too, which notices that its parent is gone: the next one could not have its ports before. */
export async function killWithDatabase({ child }: RunningWaybill): Promise<void> {
  const databasePid = childOf(child.pid ?? Number.NaN);
  await kill(child);
  await ended(databasePid);
}

/** Waits until a process that is no child of this one is gone. */
export async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(10);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
