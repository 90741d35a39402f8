import type { GatewayRecord } from '../../schemas/payload.js';
import type { CallFacts } from '../../schemas/span.js';
import { callFacts, START_US } from './trace.js';

/** A record of LiteLLM about a call of 1,000 and 100 tokens to gpt-4o, which cost 0.0035 dollars. */
export function gatewayRecord({
  facts = {},
  ...change
}: Partial<Omit<GatewayRecord, 'call'>> & { facts?: Partial<CallFacts> } = {}): GatewayRecord {
  return {
    gateway: 'litellm',
    recordId: 'r1',
    traceId: null,
    spanId: null,
    requestIds: [],
    startUs: START_US + 10_000,
    endUs: START_US + 900_000,
    failed: false,
    call: {
      ...callFacts('gpt-4o', { inputTokens: 1000, outputTokens: 100 }),
      dialect: 'litellm-log',
      reportedCostUsd: '0.003500000000',
      ...facts,
    },
    vouched: ['metadata.user_api_key_team_id', 'acme'],
    claimed: [],
    ...change,
  };
}
