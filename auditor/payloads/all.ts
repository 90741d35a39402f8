import type { GatewayName, GatewayRecord } from '../../schemas/payload.js';
import type { Adapter, Unreadable } from './adapter.js';
import { bifrost } from './bifrost.js';
import { cloudflare } from './cloudflare.js';
import { envoy } from './envoy.js';
import { isObject } from './fields.js';
import { helicone } from './helicone.js';
import { kong } from './kong.js';
import { langfuseExport } from './langfuse.js';
import { langWatch } from './langwatch.js';
import { liteLlmLog, liteLlmSpendLog } from './litellm.js';
import { openRouter } from './openrouter.js';
import { portkey } from './portkey.js';

/** Every form of record that is read. No record is recognised by two of them. */
export const adapters: readonly Adapter[] = [
  liteLlmLog,
  liteLlmSpendLog,
  helicone,
  portkey,
  cloudflare,
  kong,
  langWatch,
  bifrost,
  openRouter,
  langfuseExport,
  envoy,
];

/** Whether a JSON value is a record of some gateway. */
export function isRecognised(record: unknown): boolean {
  return isObject(record) && adapters.some((one) => one.recognises(record));
}

/**
 * Reads a record of a gateway's log. Never throws, whatever the value is.
 *
 * @param gateway whose it is; without it, it is recognised
 */
export function readRecord(record: unknown, gateway?: GatewayName): GatewayRecord | Unreadable {
  if (!isObject(record)) return { reason: 'is no JSON object' };
  const own = adapters.filter((one) => gateway === undefined || one.gateway === gateway);
  const adapter = own.find((one) => one.recognises(record));
  if (adapter !== undefined) return adapter.read(record);
  return {
    reason: gateway === undefined ? 'has the form of no known gateway' : `has not the form of a record of ${gateway}`,
  };
}
