import type { GatewayName, GatewayRecord } from '../../schemas/payload.js';

/** Why a record cannot be used: the rest of a sentence that begins with the record. */
export interface Unreadable {
  readonly reason: string;
}

/** Reads one form of record of one gateway. Pure, and never throws, whatever the record is. */
export interface Adapter {
  readonly gateway: GatewayName;
  /** Whether a JSON value looks like such a record, and like that of no other adapter. */
  readonly recognises: (record: unknown) => boolean;
  readonly read: (record: unknown) => GatewayRecord | Unreadable;
}

/** Declares an adapter. */
export function adapter(definition: Adapter): Adapter {
  return definition;
}
