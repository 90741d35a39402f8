import { describe, expect, it } from 'vitest';
import { byKey, gatewayRecords, readGatewayRecord as read } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.portkey;

describe('Portkey logs', () => {
  it('are read, with a trace id of another form among the request ids', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'log-1',
      traceId: null,
      requestIds: ['log-1', 'my-trace'],
      failed: false,
      call: { provider: 'azure.ai.openai', requestModel: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 100 } },
    });
  });

  it.each([
    [0.35, 'USD', '0.003500000000'],
    [0.1, undefined, '0.001000000000'],
    ['0.00000000005', 'USD', '0.000000000001'],
    [1.234e-7, 'usd', '0.000000001234'],
    [0.35, 'EUR', null],
    [-1, 'USD', null],
  ])('cost %s cents (%s) is %s dollars', (cost, cost_currency, usd) => {
    expect(read({ ...RECORD, cost, cost_currency }).call.reportedCostUsd).toBe(usd);
  });

  it.each([
    ['an object', RECORD.metadata],
    ['two lists', { key: ['_user', 'tenant.id', 'secret'], value: ['u-1', 'acme', 'hidden'] }],
  ])('keep the metadata of the caller from %s, without secrets', (_, metadata) => {
    const { vouched, claimed } = read({ ...RECORD, metadata });
    expect(byKey(vouched)).toEqual({ virtual_key: 'openai-prod' });
    expect(byKey(claimed)).toEqual({
      _user: 'u-1',
      'metadata._user': 'u-1',
      'tenant.id': 'acme',
      'metadata.tenant.id': 'acme',
    });
  });

  it('tell failures and replays', () => {
    expect(read({ ...RECORD, is_success: false }).failed).toBe(true);
    expect(read({ ...RECORD, cache_status: 'SEMANTIC HIT' }).call.cacheReplay).toBe(true);
  });
});
