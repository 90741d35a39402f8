import { readdirSync, readFileSync } from 'node:fs';

/** What Linux counts time of processes in: a hundredth of a second. */
const TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used so far, all its threads together. Linux only. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Memory that a process holds now, or held at most, MiB. Linux only. */
export function memoryOf(pid: number, which: 'now' | 'peak'): number {
  const name = which === 'now' ? 'VmRSS' : 'VmHWM';
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1_024;
}

/** The one process that a process has started. @throws Error where there is none */
export function childOf(pid: number): number {
  for (const name of readdirSync('/proc')) {
    const child = Number(name);
    if (!Number.isInteger(child)) continue;
    try {
      if (Number(statOf(child)[1]) === pid) return child;
    } catch {
      // It has ended since the directory was read.
    }
  }
  throw new Error(`Process ${pid} has no child.`);
}

/** The fields of `/proc/PID/stat` from the state on: the name before it may hold anything. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
