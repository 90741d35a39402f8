import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import { budgetsOf, startReplay } from '../../auditor/policy/simulate.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import type { Call } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import { contract } from '../support/contract.js';
import type { CarriedValues } from '../support/trace.js';
import { clean, START_US, trace } from '../support/trace.js';

const strict = contract({
  services: {
    web: { role: 'entry', binds: ['tenant'] },
    litellm: { role: 'gateway', enforces: true },
    'litellm-fallback': { role: 'gateway', enforces: true },
  },
});

const { tenant: _, ...noTenant } = clean;
const { feature: __, ...noFeature } = clean;

function calls(spans: readonly Span[], judged = strict): readonly Call[] {
  return auditTrace(spans, judged).calls;
}

/** What the audit says of the last call: rule, attribute and hop. */
function said(spans: readonly Span[], judged = strict): string[] {
  const findings = calls(spans, judged).at(-1)?.findings ?? [];
  return findings.map(({ rule, attribute, hop }) =>
    [rule, attribute, hop === null ? null : `${hop.from} → ${hop.to}`].filter((part) => part !== null).join(' '),
  );
}

const web = (number = 1, carried: CarriedValues = clean) => trace(number).station('web', carried);

/** Each is a case in which attribution or cost was really lost in a running system. */
describe('how attribution was really lost', () => {
  it('the tenant of the first request on a shared key sticks to all later ones', () => {
    const first = web(1).station('litellm', clean).call('gpt-4o').spans;
    const later = web(2, { ...clean, tenant: 'globex' })
      .station('litellm', clean)
      .call('gpt-4o').spans;
    expect(said(first)).toEqual([]);
    expect(said(later)).toEqual(['rewritten tenant web → litellm', 'caller-asserted tenant']);
    expect(calls(later)[0]).toMatchObject({ rowLevel: true, misattributed: true });
  });

  it('tags are kept on one endpoint and dropped on another', () => {
    expect(said(web(1).station('litellm', clean).call('gpt-4o').spans)).toEqual([]);
    expect(said(web(2).station('litellm', noFeature).call('gpt-4o').spans)).toEqual(['dropped feature web → litellm']);
  });

  it('a fallback hop rebuilds the metadata and loses the group', () => {
    const gateway = web().station('litellm', clean);
    gateway.call('gpt-4o', null, { span: { status: 2 } });
    const { spans } = gateway.station('litellm-fallback', noFeature).call('gpt-4o');
    expect(said(spans)).toEqual(['dropped feature litellm → litellm-fallback']);
  });

  it('batch spend never reaches the key that started it', () => {
    const { spans } = trace().station('batch-worker').station('litellm').call('gpt-4o');
    expect(said(spans)).toEqual(['missing tenant', 'missing feature', 'missing policy', 'severed']);
  });

  it("the provider's span becomes a sibling of the gateway's span, and is counted once", () => {
    const gateway = web().station('litellm', clean);
    gateway.call('gpt-4o', undefined, { facts: { responseId: 'chatcmpl-1' } });
    const { spans } = gateway.inside(clean).call('gpt-4o', undefined, { facts: { responseId: 'chatcmpl-1' } });
    expect(calls(spans).map(({ costUsd }) => costUsd)).toEqual(['0.003500000000']);
  });

  it('the gateway ignores an inbound traceparent: its trace is torn off, and the finding names the hop', () => {
    const client = { kind: 3, attributes: ['server.address', 'litellm'] };
    const above = web(1).inside(clean, client).spans;
    const inside = { startUs: START_US + 5_000, endUs: START_US + 6_000 };
    const below = trace(2).station('litellm', clean, inside).call('gpt-4o', undefined, { span: inside }).spans;
    const neighbours = neighboursOf([...above, ...below]);
    expect(auditTrace(below, strict, neighbours).calls[0]?.findings).toMatchObject([
      { rule: 'severed', hop: { from: 'web', to: 'litellm' } },
      { rule: 'caller-asserted' },
    ]);
  });

  it('only the root span is stamped, and the tokens sit on its children', () => {
    const { spans } = trace()
      .station('web', clean)
      .call('gpt-4o', undefined, { tenant: undefined, feature: undefined, policy: undefined });
    expect(said(spans, contract())).toEqual(['unstamped tenant', 'unstamped feature', 'unstamped policy']);
    expect(calls(spans, contract())[0]).toMatchObject({ rowLevel: false, verdict: 'enforceable' });
  });

  it('queue workers book under an empty user or tenant', () => {
    expect(
      said(
        web(1, { ...clean, tenant: '' })
          .station('litellm', { ...clean, tenant: '' })
          .call('gpt-4o').spans,
      ),
    ).toEqual(['placeholder tenant']);
  });

  it('a shared master key collapses spend to a service account', () => {
    const { spans } = web()
      .station('litellm', { ...clean, tenant: 'service-account' })
      .call('gpt-4o');
    expect(said(spans)).toEqual(['rewritten tenant web → litellm', 'caller-asserted tenant']);
  });

  it('any key may claim any customer in a header', () => {
    const claimed = {
      attributes: [
        'tenant.id',
        'acme',
        'feature.id',
        'chat',
        'budget.policy.id',
        'pro-monthly',
        'waybill.credential.tenants',
        'globex',
      ],
    };
    const { spans } = trace().station('web', {}, claimed).station('litellm', clean).call('gpt-4o');
    expect(said(spans)).toContain('unauthorized-tenant tenant');
    expect(calls(spans)[0]?.misattributed).toBe(true);
  });

  it("a client disconnect loses the stream's usage", () => {
    const { spans } = web()
      .station('litellm', clean)
      .call('gpt-4o', null, { facts: { stream: true } });
    expect(said(spans)).toEqual(['no-usage']);
    expect(calls(spans)[0]?.costUsd).toBeNull();
  });

  it('an unmapped model is priced 0, and the budget never fires', () => {
    const facts = { reportedCostUsd: '0.000000000000' };
    const { spans } = web().station('litellm', clean).call('brand-new-model', undefined, { facts });
    expect(said(spans)).toEqual(['unpriced']);
    expect(calls(spans)[0]).toMatchObject({ costUsd: null, verdict: 'attributed' });
  });

  it('cached tokens are counted twice', () => {
    const usage = { inputTokens: 1000, outputTokens: 100, cacheReadTokens: 900 };
    // The whole input at the full price, and the cached part once more at its own.
    const facts = { reportedCostUsd: '0.004625000000' };
    expect(said(web().station('litellm', clean).call('gpt-4o', usage, { facts }).spans)).toEqual(['cost-disagrees']);
  });

  it('the trace survives and the tenant does not: only the trace-context propagator is registered', () => {
    expect(said(web().station('litellm').call('gpt-4o').spans)).toEqual([
      'dropped tenant web → litellm',
      'dropped feature web → litellm',
      'dropped policy web → litellm',
    ]);
  });

  it('the context attaches to the wrong request', () => {
    const { spans } = web()
      .inside({ ...clean, tenant: 'globex' })
      .station('litellm', { ...clean, tenant: 'globex' })
      .call('gpt-4o');
    expect(said(spans)).toContain('conflicting tenant');
  });

  it("an ESM app: fetch spans are there, the model client's spans silently are not", () => {
    const request = { kind: 3, attributes: ['server.address', 'api.openai.com', 'http.request.method', 'POST'] };
    expect(auditTrace(web().inside({}, request).spans, strict).findings).toMatchObject([{ rule: 'uninstrumented' }]);
  });

  it('a duplicated traceparent is refused, and the next service starts a new trace', () => {
    expect(said(trace().station('litellm', clean).call('gpt-4o').spans)).toEqual(['severed', 'caller-asserted tenant']);
  });

  it('a gRPC stream keeps the span context and drops the baggage', () => {
    const { spans } = web().station('stream-service').station('litellm', noTenant).call('gpt-4o');
    expect(said(spans)).toContain('dropped tenant web → stream-service');
  });

  it('an agent roll-up plus its model calls is exactly twice the cost', () => {
    const rollUp = web().call('gpt-4o', { inputTokens: 2000, outputTokens: 200 });
    const gateway = rollUp.station('litellm', clean);
    gateway.call('gpt-4o');
    const { spans } = gateway.call('gpt-4o');
    expect(calls(spans).map(({ costUsd }) => costUsd)).toEqual(['0.003500000000', '0.003500000000']);
    expect(said(spans)).toEqual(['double-counted']);
  });

  it('concurrent requests all pass the check before spend is booked', () => {
    const limited = contract({
      policies: [{ id: 'pro-monthly', match: { tenant: ['acme'] }, limit: { usd: 1, per: 'month' } }],
    });
    const overshoot = (everyUs: number) => {
      const window = { fromUs: START_US, toUs: START_US + 60_000_000 };
      const budgets = budgetsOf(limited.source, {});
      const replay = startReplay({ ...window, budgets, contract: limited, delayUs: 0, inFlight: null });
      for (let i = 0; i < 10; i += 1) {
        const startUs = START_US + i * everyUs;
        replay.add({
          startUs,
          endUs: startUs + 1_000_000,
          costPico: 600_000_000_000n,
          misattributed: false,
          tenant: clean.tenant,
          enforcementPoint: 'litellm',
          seen: clean,
          origin: clean,
        });
      }
      const { policies, letThrough } = replay.result();
      return [letThrough.calls, policies[0]?.exhausted[0]?.overshootUsd];
    };
    expect(overshoot(2_000_000)).toEqual([2, '0.200000000000']);
    expect(overshoot(0)).toEqual([10, '5.000000000000']);
  });

  it('provider budgets ignore some endpoints; passthrough routes escape', () => {
    expect(said(web().station('passthrough', clean).call('gpt-4o').spans)).toEqual(['bypass']);
  });

  it('111 dollars are enforced against 56 recorded', () => {
    const usage = { inputTokens: 22_400_000, outputTokens: 0 };
    const { spans } = web()
      .station('litellm', clean)
      .call('gpt-4o', usage, { facts: { reportedCostUsd: '111.000000000000' } });
    expect(calls(spans)[0]?.costUsd).toBe('56.000000000000');
    expect(said(spans)).toEqual(['cost-disagrees']);
  });
});
