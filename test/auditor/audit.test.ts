import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import { recordSpan } from '../../auditor/payloads/record-span.js';
import type { Span } from '../../schemas/span.js';
import { contract } from '../support/contract.js';
import { gatewayRecord } from '../support/record.js';
import { clean, START_US, trace } from '../support/trace.js';

const judged = contract({
  services: { web: { role: 'entry', binds: ['tenant'] }, litellm: { role: 'gateway', enforces: true } },
  policies: [{ id: 'pro-monthly', match: { tenant: ['acme'] }, limit: { usd: 5, per: 'day' } }],
});

/** A user, a client call above, a gateway that lost the tenant on its own span, and usage of every kind. */
function rich(): readonly Span[] {
  const usage = {
    inputTokens: 1000,
    outputTokens: 100,
    cacheReadTokens: 400,
    cacheWriteTokens: 50,
    reasoningTokens: 30,
  };
  const { feature, policy } = clean;
  const facts = { responseId: 'r1', stream: true, reportedCostUsd: '0.003000000000' };
  return trace()
    .station('web', { ...clean, user: 'u0' })
    .call('gpt-4o', usage)
    .station('litellm', { ...clean, user: 'u1' })
    .call('gpt-4o', usage, {
      tenant: undefined,
      feature,
      policy,
      facts,
      span: { startUs: START_US + 123_456, endUs: START_US + 623_457, status: 2 },
    }).spans;
}

describe('the audit of a call', () => {
  it('tells all that is known of it', () => {
    expect(auditTrace(rich(), judged)).toMatchSnapshot();
  });

  it('fails the questions whose findings keep it from being enforceable, each once, and no others', () => {
    const { feature } = clean;
    const { spans } = trace().station('web', clean).station('litellm', { feature }).call('no-such-model');
    const [call] = auditTrace(spans, judged).calls;
    expect(call?.failedQuestions).toEqual(['survival', 'cost']);
    expect(call?.findings.map(({ question }) => question)).toEqual(expect.arrayContaining(['survival', 'cost']));
    const [informed] = auditTrace(rich(), contract()).calls;
    expect(informed?.findings.length).toBeGreaterThan(0);
    expect(informed?.failedQuestions).toEqual([]);
  });

  it('knows nothing of what was not said: no usage, no policy, no enforcement point, an end before the start', () => {
    const { spans } = trace()
      .station('side-door', {}, { startUs: 5_000_001, endUs: 4_000_000 })
      .call('gpt-4o', null, {
        span: { startUs: 5_000_001, endUs: 4_000_000 },
      });
    const [call] = auditTrace(spans, judged).calls;
    expect(call).toMatchObject({
      startTime: '1970-01-01T00:00:05.000001Z',
      durationUs: 0,
      user: null,
      inputTokens: null,
      outputTokens: null,
      cacheReadTokens: null,
      cacheWriteTokens: null,
      reasoningTokens: null,
      usageSpanId: null,
      costUsd: null,
      join: null,
      rowLevel: false,
      enforcementPoint: null,
      policy: null,
    });
    expect(call?.attributes['tenant']).toEqual({
      outcome: 'missing',
      value: null,
      hop: null,
      originValue: null,
      enforcementValue: null,
      callSpanValue: null,
      provenance: null,
    });
  });

  it('is row-level only where its own span has every required attribute', () => {
    const rowLevelOf = (carried: Partial<typeof clean>) => {
      const { spans } = trace()
        .station('web', clean)
        .call('gpt-4o', undefined, {
          tenant: undefined,
          feature: undefined,
          policy: undefined,
          ...carried,
        });
      return auditTrace(spans, judged).calls[0]?.rowLevel;
    };
    expect(rowLevelOf(clean)).toBe(true);
    expect(rowLevelOf({ tenant: 'acme', feature: 'chat' })).toBe(false);
    expect(rowLevelOf({ policy: 'pro-monthly' })).toBe(false);
  });

  it('shows the weakest join of the records on its route', () => {
    const place = trace().station('web', clean).call('gpt-4o');
    const traceId = place.spans[0]?.traceId ?? '';
    const at = { traceId, parentSpanId: place.spanId };
    const joinOf = (...records: Span[]) => auditTrace([...place.spans, ...records], judged).calls[0]?.join;
    const strong = recordSpan(gatewayRecord(), { ...at, by: 'response-id' }, judged);
    const weak = recordSpan(gatewayRecord({ gateway: 'portkey' }), { ...at, by: 'time-model-tokens' }, judged);
    expect(joinOf()).toBeNull();
    expect(joinOf(strong)).toBe('response-id');
    expect(joinOf(weak, strong)).toBe('time-model-tokens');
    expect(joinOf(strong, weak)).toBe('time-model-tokens');
  });
});
