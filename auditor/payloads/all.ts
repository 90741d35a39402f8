import type { GatewayName, GatewayRecord } from '../../schemas/payload.js';
import type { Adapter, Unreadable } from './adapter.js';
import { bifrost } from './bifrost.js';
import { cloudflareLog } from './cloudflare.js';
import { envoy } from './envoy.js';
import { helicone } from './helicone.js';
import { kong } from './kong.js';
import { langfuse } from './langfuse.js';
import { langWatch } from './langwatch.js';
import { liteLlmSpendLogs } from './litellm-spend-logs.js';
import { liteLlmPayload } from './litellm.js';
import { openRouter } from './openrouter.js';
import { portkey } from './portkey.js';

/** Every form of a gateway's record that is read. A record is of one form at most. */
export const adapters: readonly Adapter[] = [
  liteLlmPayload,
  liteLlmSpendLogs,
  helicone,
  portkey,
  cloudflareLog,
  kong,
  langWatch,
  bifrost,
  openRouter,
  langfuse,
  envoy,
];

/** Whether a JSON value has the form of a gateway's record. */
export function isRecognised(record: unknown): boolean {
  return adapters.some((one) => one.recognises(record));
}

/**
 * Reads one record of a gateway's log, of any form of that gateway. Never throws.
 *
 * @param record what `JSON.parse` gave
 * @param gateway whose record it is; told by the record's own keys where it is not given
 * @returns the record in canonical form, or the reason why it cannot be read
 */
export function readRecord(record: unknown, gateway?: GatewayName): GatewayRecord | Unreadable {
  const mine = adapters.filter((one) => gateway === undefined || one.gateway === gateway);
  const found = mine.filter((one) => one.recognises(record));
  const [first] = found;
  if (first === undefined) {
    const whose = gateway === undefined ? 'of any known gateway' : `of ${gateway}`;
    return { reason: `The record has not the form of a log ${whose}. Send one JSON object for each request.` };
  }
  if (found.length > 1) {
    const names = found.map((one) => one.gateway).join(', ');
    return { reason: `The record could be of ${names}. Name the gateway it comes from.` };
  }
  return first.read(record);
}
