import type { Logger } from 'pino';
import type { Store } from '../store/client.js';
import type { AuditedAction } from './audit-log.js';
import { writeAuditLog } from './audit-log.js';

/** Notes in the audit log what is done, without keeping anyone waiting. */
export interface Usage {
  readonly note: (actor: string, action: AuditedAction, detail: string) => void;
  /** The same, once an hour: for what happens all the time. */
  readonly noteOften: (actor: string, action: AuditedAction, detail: string) => void;
}

const HOUR_US = 3_600_000_000;
/** Notes that are remembered; past that, the oldest may be written again. */
const MOST_NOTED = 10_000;

/** @param clockUs the present, microseconds since 1970 */
export function createUsage(store: Store, clockUs: () => number, log: Logger): Usage {
  const notedUs = new Map<string, number>();

  function note(actor: string, action: AuditedAction, detail: string): void {
    writeAuditLog(store, { actor, action, detail }, clockUs()).catch((error: unknown) => {
      log.warn({ err: error }, 'The audit log could not be written');
    });
  }

  function noteOften(actor: string, action: AuditedAction, detail: string): void {
    const what = JSON.stringify([actor, action, detail]);
    const nowUs = clockUs();
    if (nowUs - (notedUs.get(what) ?? -Infinity) < HOUR_US) return;
    notedUs.delete(what);
    notedUs.set(what, nowUs);
    for (const one of notedUs.keys()) {
      if (notedUs.size <= MOST_NOTED) break;
      notedUs.delete(one);
    }
    note(actor, action, detail);
  }

  return { note, noteOften };
}
