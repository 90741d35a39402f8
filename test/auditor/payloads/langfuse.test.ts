import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.langfuse;

describe('Langfuse observations', () => {
  it('are read, with kinds of token that do not overlap added up', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: '00f067aa0ba902b7',
      traceId: TRACE_ID,
      spanId: '00f067aa0ba902b7',
      requestIds: ['00f067aa0ba902b7'],
      endUs: START_US + 1_000_000,
      failed: false,
      call: {
        operation: 'chat',
        provider: 'openai',
        requestModel: 'gpt-4o',
        conversationId: 's-1',
        usage: { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100, reasoningTokens: 40 },
        reportedCostUsd: '0.002500000000',
      },
    });
  });

  it.each([
    [{ calculatedTotalCost: 0.003 }, '0.003000000000'],
    [{ calculatedTotalCost: null }, '0.002500000000'],
    [{ calculatedTotalCost: undefined, costDetails: null }, null],
  ])('with %j cost %s', (fields, usd) => {
    expect(read({ ...RECORD, ...fields }).call.reportedCostUsd).toBe(usd);
  });

  it.each([undefined, null, 'many', 1000])('with usage details of %j counted nothing', (usageDetails) => {
    expect(read({ ...RECORD, usageDetails }).call.usage).toBeNull();
  });

  it('are the word of the caller but for the project', () => {
    const { vouched, claimed } = read(RECORD);
    expect(byKey(vouched)).toEqual({ projectId: 'proj-1' });
    expect(byKey(claimed)).toMatchObject({ userId: 'u-1', sessionId: 's-1', tags: '["search"]', 'tenant.id': 'acme' });
  });

  it('that are no generations are no calls', () => {
    expect(readRecord({ ...RECORD, type: 'SPAN' })).toEqual({ reason: expect.stringContaining('SPAN') });
  });

  it('tell a failure', () => {
    const failed = { ...RECORD, level: 'ERROR', usageDetails: {}, calculatedTotalCost: 0, costDetails: {} };
    expect(read(failed)).toMatchObject({ failed: true, call: { usage: null, reportedCostUsd: null } });
  });
});
