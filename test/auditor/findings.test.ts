import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import { contract } from '../support/contract.js';
import { clean, trace } from '../support/trace.js';

describe('a rule that throws', () => {
  const place = trace().station('web', clean).call('gpt-4o');
  const isRegistered = (): boolean => {
    throw new Error('no such register');
  };
  const [call] = auditTrace(place.spans, { ...contract(), isRegistered }).calls;

  it('is a finding, where silence would look like a pass', () => {
    expect(call?.findings.filter(({ rule }) => rule === 'rule-failed')).toContainEqual({
      rule: 'rule-failed',
      severity: 'error',
      question: 'presence',
      attribute: null,
      hop: null,
      spanId: place.spanId,
      message: "The rule 'unregistered' could not be judged: no such register",
      fix: 'This is a defect of Waybill: please report it with the spans of the trace.',
    });
  });

  it('keeps the call from being enforced, and accuses nobody', () => {
    expect(call).toMatchObject({ verdict: 'attributed', misattributed: false });
  });
});

describe('a finding that explains another', () => {
  const others = { feature: 'chat', policy: 'pro-monthly' };

  it('is attached to that of its own attribute alone', () => {
    const attributes = ['customer_id', 'acme', 'feature.id', 'chat'];
    const { spans } = trace().station('web', {}, { attributes }).call('gpt-4o', undefined, { feature: 'chat' });
    const [call] = auditTrace(spans, contract()).calls;
    expect(call?.findings.map(({ rule, attribute, related = [] }) => [rule, attribute, related.length])).toEqual([
      ['missing', 'tenant', 1],
      ['missing', 'policy', 0],
    ]);
  });

  it('stands alone where there is nothing to explain', () => {
    const file = { attributes: { tenant: { required: false } }, services: { web: { role: 'gateway' as const } } };
    const { spans } = trace()
      .station('web', {}, { attributes: ['customer_id', 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro'] })
      .call('no-such-model', undefined, { ...others, policy: 'pro' });
    const [call] = auditTrace(spans, contract(file)).calls;
    expect(call?.findings.map(({ rule }) => rule).toSorted()).toEqual(['near-miss', 'unpriced']);
  });
});

it('a finding about a trace says what to do', () => {
  const attributes = ['server.address', 'api.openai.com', 'http.request.method', 'POST'];
  const { spans } = trace().station('web', clean).inside({}, { kind: 3, attributes });
  expect(auditTrace(spans, contract()).findings).toMatchObject([
    { attribute: null, hop: null, fix: expect.stringMatching(/^Instrument the model client/) },
  ]);
});
