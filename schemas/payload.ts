import * as z from 'zod';
import type { CallFacts } from './span.js';

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

const text = z.string();
const part = z.number().int().nonnegative();

const callFactsSchema: z.ZodType<CallFacts> = z.object({
  dialect: text,
  operation: text,
  provider: text,
  requestModel: text,
  responseModel: text,
  responseId: text.describe('The id that the provider gave its response'),
  conversationId: text,
  stream: z.boolean(),
  usage: z
    .object({
      inputTokens: part.nullable(),
      outputTokens: part.nullable(),
      cacheReadTokens: part,
      cacheWriteTokens: part,
      reasoningTokens: part,
      inputAudioTokens: part,
      outputAudioTokens: part,
    })
    .nullable(),
  usageEstimated: z.boolean(),
  cacheReplay: z.boolean(),
  reportedCostUsd: text.nullable().describe('What the gateway charged'),
});

/** Alternating keys and values, under the record's own names. */
const attributes = z.array(text).readonly();

/** What a gateway's log says of one request to a model, in the same words for every gateway. */
export const gatewayRecordSchema = z.object({
  gateway: z.enum(gatewayNames),
  recordId: text.describe("The record's own id: one that comes again with it replaces the one before"),
  traceId: text.nullable().describe('32 lower-case hex digits; null where the record has no trace id of that form'),
  spanId: text.nullable().describe('16 lower-case hex digits; null where it has none'),
  requestIds: z.array(text).readonly().describe('The ids that the gateway, or its caller, gave the request'),
  startUs: z.number().describe('Microseconds since 1970'),
  endUs: z.number(),
  failed: z.boolean(),
  call: callFactsSchema,
  vouched: attributes.describe('What the gateway took from a credential'),
  claimed: attributes.describe('What the caller said, and the gateway only wrote down'),
});
export type GatewayRecord = Readonly<z.infer<typeof gatewayRecordSchema>>;
