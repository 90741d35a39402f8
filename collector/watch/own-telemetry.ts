import { setTimeout as sleep } from 'node:timers/promises';
import { packageVersion } from '../package-path.js';

const LAST_WORDS_MS = 3_000;

/** Whose telemetry it is that Waybill itself sends, as attributes of its resource. */
export function ownResource(): Record<'service.name' | 'service.version', string> {
  return { 'service.name': 'waybill', 'service.version': packageVersion() };
}

/** Waits until the last of it is sent, and not for long: whoever takes it may be away. Never throws. */
export async function lastWords(sent: Promise<void>): Promise<void> {
  await Promise.race([sent.catch(() => undefined), sleep(LAST_WORDS_MS, undefined, { ref: false })]);
}
