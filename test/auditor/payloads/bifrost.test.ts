import { describe, expect, it } from 'vitest';
import { isRecognised } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.bifrost;

describe('Bifrost logs', () => {
  it('are read with ids, usage and cost', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'bf-1',
      requestIds: ['bf-1', 'bf-0'],
      endUs: START_US + 1_200_500,
      failed: false,
      call: {
        operation: 'chat',
        provider: 'gcp.vertex_ai',
        requestModel: 'gemini-2.5-pro',
        stream: true,
        usage: {
          inputTokens: 1000,
          cacheReadTokens: 800,
          cacheWriteTokens: 50,
          outputTokens: 100,
          reasoningTokens: 40,
        },
        reportedCostUsd: '0.002250000000',
      },
    });
  });

  it.each(['virtual_key_id', 'fallback_index', 'selected_key_id'])('are known by %s alone', (key) => {
    const { virtual_key_id: _, fallback_index: __, selected_key_id: ___, ...bare } = RECORD;
    expect(isRecognised({ ...bare, [key]: null })).toBe(true);
    expect(isRecognised(bare)).toBe(false);
  });

  it.each([
    ['chat.completion', 'chat'],
    ['text.completion', 'text_completion'],
    ['text.completion.stream', 'text_completion'],
    ['text_completion_chunk', 'text_completion'],
    ['embedding', 'embeddings'],
    ['list', 'embeddings'],
    ['list.stream.of', 'chat'],
    ['', 'chat'],
  ])('of a %j tell the operation %s', (object, operation) => {
    expect(read({ ...RECORD, object }).call.operation).toBe(operation);
  });

  it('of older versions have their metadata as JSON', () => {
    expect(byKey(read({ ...RECORD, metadata: '{"tenant.id":"acme"}' }).claimed)).toEqual({
      'tenant.id': 'acme',
      'metadata.tenant.id': 'acme',
    });
  });

  it('vouch for what hangs on the virtual key', () => {
    const { vouched, claimed } = read(RECORD);
    expect(byKey(vouched)).toEqual({
      virtual_key_id: 'vk-1',
      virtual_key_name: 'web',
      team_ids: '["t-1","t-2"]',
      customer_id: 'acme',
    });
    expect(byKey(claimed)).toEqual({ 'tenant.id': 'acme', 'metadata.tenant.id': 'acme' });
  });

  it('tell failures and replays', () => {
    const failed = { ...RECORD, status: 'error', token_usage: null, cost: null };
    expect(read(failed)).toMatchObject({ failed: true, call: { usage: null, reportedCostUsd: null } });
    expect(read({ ...RECORD, cache_debug: { cache_hit: true } }).call.cacheReplay).toBe(true);
  });
});
