import type { Attributes, CallFacts } from './span.js';

/** The gateways whose records are read, as in `POST /v1/payloads/{gateway}`. */
export const gatewayNames = [
  'litellm',
  'helicone',
  'portkey',
  'cloudflare',
  'kong',
  'langwatch',
  'bifrost',
  'openrouter',
  'langfuse',
  'envoy',
] as const;
export type GatewayName = (typeof gatewayNames)[number];

/** What a gateway's log says of one request to a model, in the same words for every gateway. */
export interface GatewayRecord {
  readonly gateway: GatewayName;
  /** The record's own id: a record that comes again with it replaces the one before. */
  readonly recordId: string;
  /** 32 lower-case hex digits; null where the record has no trace id of that form. */
  readonly traceId: string | null;
  /** 16 lower-case hex digits; null where it has none. */
  readonly spanId: string | null;
  /** The ids that the gateway itself, or its caller, gave the request. */
  readonly requestIds: readonly string[];
  /** Microseconds since 1970. */
  readonly startUs: number;
  readonly endUs: number;
  readonly failed: boolean;
  /** `call.responseId` is the provider's; `call.reportedCostUsd` is what the gateway charged. */
  readonly call: CallFacts;
  /** What the gateway took from a credential, under the record's own keys. */
  readonly vouched: Attributes;
  /** What the caller said and the gateway only wrote down, under the record's own keys. */
  readonly claimed: Attributes;
}
