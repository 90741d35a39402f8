import { describe, expect, it } from 'vitest';
import { isRecognised } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.langwatch;

describe('LangWatch spend events', () => {
  it('are read, with the cost from the exact nano-dollars', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'grq-1',
      traceId: TRACE_ID,
      requestIds: ['grq-1', 'evt-1'],
      call: {
        provider: 'aws.bedrock',
        requestModel: 'anthropic.claude-sonnet-4-5',
        usage: { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100 },
        reportedCostUsd: '0.002100001000',
      },
    });
    expect(read({ ...RECORD, cost: { total_usd: 0.0021 } }).call.reportedCostUsd).toBe('0.002100000000');
  });

  it.each(['gateway_request_id', 'virtual_key_id'])('are known by %s', (key) => {
    expect(isRecognised({ event_id: 'evt-1', [key]: 'x' })).toBe(true);
    expect(isRecognised({ event_id: 'evt-1' })).toBe(false);
  });

  it.each([
    [{ completed_at: '2026-01-01T00:00:03Z', duration_ms: 5 }, 3_000_000],
    [{ duration_ms: 5 }, 5_000],
    [{}, 0],
  ])('with %j took %d µs', (fields, tookUs) => {
    const { startUs, endUs } = read({ ...RECORD, ...fields });
    expect(endUs - startUs).toBe(tookUs);
  });

  it.each([
    [{ status: 'completed' }, false, '0.002100001000'],
    [{ status: undefined, event_type: 'gateway.failed' }, true, '0.002100001000'],
    [{ status: 'error' }, true, '0.002100001000'],
    [{ status: 'failed_over' }, false, '0.002100001000'],
    [{ status: undefined, type: 'gateway.settled' }, false, null],
    [{ status: 'settled_up' }, false, '0.002100001000'],
  ])('with %j are failures (%s) and cost %s', (fields, failed, usd) => {
    expect(read({ ...RECORD, ...fields })).toMatchObject({ failed, call: { reportedCostUsd: usd } });
  });

  it('that only settled have an unknown cost, and the completed one takes their place', () => {
    const settled = read({ ...RECORD, event_id: 'evt-0', status: 'settled', cost: { total_usd: 0, nano_usd: 0 } });
    expect(settled.call.reportedCostUsd).toBeNull();
    expect(settled.recordId).toBe(read(RECORD).recordId);
  });

  it('vouch for what hangs on the virtual key', () => {
    const { vouched, claimed } = read({ ...RECORD, team_id: 't-1' });
    expect(byKey(vouched)).toEqual({
      team_id: 't-1',
      organization_id: 'org-1',
      project_id: 'proj-1',
      virtual_key_id: 'vk-1',
      principal_user_id: 'owner-1',
    });
    expect(byKey(claimed)).toEqual({
      end_user_id: 'u-1',
      labels: '["search"]',
      'tenant.id': 'acme',
      'metadata.tenant.id': 'acme',
    });
  });

  it('tell a failure', () => {
    const failed = { ...RECORD, status: 'failed', usage: {}, cost: null };
    expect(read(failed)).toMatchObject({ failed: true, call: { usage: null, reportedCostUsd: null } });
  });
});
