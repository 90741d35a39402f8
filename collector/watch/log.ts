import type { DestinationStream, Logger } from 'pino';
import { pino } from 'pino';

/** A problem is told once in so long a time, however often it occurs. */
const QUIET_MS = 10_000;
/** Problems that are remembered; past that, the oldest may be told again. */
const MOST_PROBLEMS = 200;

/** pino's number for a warning. */
const WARN = 40;

interface Told {
  atMs: number;
  untold: number;
}

/**
 * Creates the log: one JSON line a problem. Who repeats a warning or an error within ten seconds is not heard; the next
 * line that is says how many were not (`untold`). So a flood of bad requests cannot fill a disk.
 *
 * @param clockMs the present, milliseconds
 */
export function createLog(level: string, destination: DestinationStream, clockMs: () => number = Date.now): Logger {
  const told = new Map<string, Told>();

  /** How many of its kind were not told before this one; null where this one is not either. */
  function untoldBefore(problem: string): number | null {
    const nowMs = clockMs();
    const last = told.get(problem);
    if (last !== undefined && nowMs - last.atMs < QUIET_MS) {
      last.untold += 1;
      return null;
    }
    told.delete(problem);
    told.set(problem, { atMs: nowMs, untold: 0 });
    for (const one of told.keys()) {
      if (told.size <= MOST_PROBLEMS) break;
      told.delete(one);
    }
    return last?.untold ?? 0;
  }

  return pino(
    {
      level,
      hooks: {
        logMethod(args, method, levelOfLine) {
          if (levelOfLine < WARN) {
            method.apply(this, args);
            return;
          }
          const [first, ...rest] = args;
          const untold = untoldBefore(typeof first === 'string' ? first : String(rest[0]));
          if (untold === null) return;
          if (untold === 0) method.apply(this, args);
          else if (typeof first === 'string') method.apply(this, [{ untold }, first, ...rest]);
          else method.apply(this, [{ ...Object(first), untold }, ...rest]);
        },
      },
    },
    destination,
  );
}
