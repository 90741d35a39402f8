import { readRecord } from '../../../auditor/payloads/all.js';
import type { GatewayName, GatewayRecord } from '../../../schemas/payload.js';
import type { Usage } from '../../../schemas/span.js';

/** The trace that the fixtures name. */
export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
/** When the requests of the fixtures began; they took 1.25 seconds. */
export const START_US = 1_793_620_800_250_000;

/** Reads a record that must be readable. */
export function read(record: unknown, gateway?: GatewayName): GatewayRecord {
  const found = readRecord(record, gateway);
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

/** The usage of the fixtures. */
export function usage(change: Partial<Usage> = {}): Usage {
  return {
    inputTokens: 1000,
    outputTokens: 100,
    cacheReadTokens: 400,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    inputAudioTokens: 0,
    outputAudioTokens: 0,
    ...change,
  };
}

/** Alternating keys and values as an object. */
export function said(attributes: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(attributes.flatMap((key, i) => (i % 2 === 0 ? [[key, attributes[i + 1]]] : [])));
}
