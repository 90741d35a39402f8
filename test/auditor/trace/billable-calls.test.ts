import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import type { Place } from '../../support/trace.js';
import { clean, trace } from '../../support/trace.js';
import { contract } from '../../support/contract.js';

/** gpt-4o is 2.50 dollars a million input tokens and 10 output: 1,000 in and 100 out are 0.0035 dollars. */
const COST = '0.003500000000';

function callsOf(place: Place) {
  return auditTrace(place.spans, contract()).calls.map(({ spanId, service, costUsd, usageSpanId, echoSpanIds }) => ({
    spanId,
    service,
    costUsd,
    usageSpanId,
    echoSpanIds,
  }));
}

const failed = { span: { status: 2 } };

describe('billable calls', () => {
  it('a call alone is billable', () => {
    const call = trace().station('web', clean).call('gpt-4o');
    expect(callsOf(call)).toEqual([
      { spanId: call.spanId, service: 'web', costUsd: COST, usageSpanId: call.spanId, echoSpanIds: [] },
    ]);
  });

  it('a call with a call below it, in any service, is an echo and costs nothing', () => {
    const client = trace().station('agent', clean).call('gpt-4o');
    const gateway = client.inside().station('litellm', clean).call('gpt-4o');
    expect(callsOf(gateway)).toEqual([
      {
        spanId: gateway.spanId,
        service: 'litellm',
        costUsd: COST,
        usageSpanId: gateway.spanId,
        echoSpanIds: [client.spanId],
      },
    ]);
  });

  it('the only leaf without usage takes the usage of its nearest call ancestor that has some', () => {
    const client = trace().station('agent', clean).call('gpt-4o');
    const gateway = client.station('litellm', clean).call('', null);
    expect(callsOf(gateway)).toMatchObject([{ spanId: gateway.spanId, costUsd: COST, usageSpanId: client.spanId }]);
  });

  it('a failed attempt that is the only one takes the usage above it too', () => {
    const client = trace().station('agent', clean).call('gpt-4o');
    const gateway = client.station('litellm', clean).call('gpt-4o', null, failed);
    expect(callsOf(gateway)).toMatchObject([{ spanId: gateway.spanId, costUsd: COST, usageSpanId: client.spanId }]);
  });

  it('a call is described by what it says, then by the span that counted its tokens', () => {
    const facts = { requestModel: 'fast', responseModel: 'gpt-4o', responseId: 'r1' };
    const client = trace().station('agent', clean).call('gpt-4o', undefined, { facts });
    const { spans } = client.station('litellm', clean).call('', null, { facts: { provider: '' } });
    const described = { provider: 'openai', model: 'gpt-4o', responseId: 'r1' };
    expect(auditTrace(spans, contract()).calls).toMatchObject([described]);
  });

  it('a call is priced as the model that answered, else as the one that was asked', () => {
    const [asked, answered] = ['gpt-4o', 'gpt-4o-mini'];
    const costOf = (requestModel: string, responseModel: string) => {
      const place = trace().station('agent', clean).call('', undefined, { facts: { requestModel, responseModel } });
      const [call] = auditTrace(place.spans, contract()).calls;
      return [call?.model, call?.costUsd];
    };
    expect(costOf(asked, answered)).toEqual([answered, '0.000210000000']);
    expect(costOf(asked, 'a-deployment')).toEqual(['a-deployment', COST]);
    expect(costOf(asked, '')).toEqual([asked, COST]);
  });

  it('two leaves without usage do not share the usage above them', () => {
    const client = trace().station('agent', clean).call('gpt-4o');
    const gateway = client.station('litellm', clean);
    gateway.call('gpt-4o', null);
    expect(callsOf(gateway.call('gpt-4o', null))).toMatchObject([{ costUsd: null }, { costUsd: null }]);
  });

  it('of a failed and a successful attempt, the usage above belongs to the one that did not fail', () => {
    const client = trace().station('agent', clean).call('gpt-4o');
    const gateway = client.station('litellm', clean);
    const first = gateway.call('gpt-4o', null, failed);
    const second = gateway.call('gpt-4o', null);
    expect(callsOf(second)).toMatchObject([
      { spanId: first.spanId, costUsd: null, usageSpanId: null },
      { spanId: second.spanId, costUsd: COST, usageSpanId: client.spanId },
    ]);
  });

  it('a failed attempt without usage has an unknown cost, never zero', () => {
    const place = trace().station('agent', clean).call('gpt-4o', null, failed);
    expect(callsOf(place)).toMatchObject([{ costUsd: null }]);
    expect(auditTrace(place.spans, contract()).calls[0]?.findings.map(({ rule }) => rule)).toContain('no-usage');
  });

  it('each retry that counted its own tokens is billed by itself', () => {
    const agent = trace().station('agent', clean);
    agent.call('gpt-4o', { inputTokens: 1000, outputTokens: 0 }, failed);
    expect(callsOf(agent.call('gpt-4o'))).toMatchObject([{ costUsd: '0.002500000000' }, { costUsd: COST }]);
  });

  it('a roll-up above several calls repeats none of them', () => {
    const rollUp = trace().station('agent', clean).call('gpt-4o', { inputTokens: 2000, outputTokens: 200 });
    rollUp.call('gpt-4o');
    const calls = callsOf(rollUp.call('gpt-4o'));
    expect(calls.map(({ costUsd }) => costUsd)).toEqual([COST, COST]);
  });

  it('a call of an unknown model is unpriced, not free', () => {
    const place = trace().station('agent', clean).call('no-such-model');
    const [call] = auditTrace(place.spans, contract()).calls;
    expect(call?.costUsd).toBeNull();
    expect(call?.findings).toMatchObject([{ rule: 'unpriced', severity: 'error' }]);
    expect(call?.verdict).toBe('attributed');
  });

  it('a price of the contract comes before the public list', () => {
    const prices = [{ provider: 'openai', model: 'gpt-4o', inputPerMillion: 0.15, outputPerMillion: 12 }];
    const place = trace().station('agent', clean).call('gpt-4o');
    expect(auditTrace(place.spans, contract({ prices })).calls[0]).toMatchObject({
      costUsd: '0.001350000000',
      priceSource: 'contract',
    });
  });

  it('cached input is priced as cached, and only once', () => {
    const usage = { inputTokens: 1000, outputTokens: 100, cacheReadTokens: 400 };
    // 600 × 2.50 + 400 × 1.25 + 100 × 10 dollars a million
    expect(callsOf(trace().station('a', clean).call('gpt-4o', usage))).toMatchObject([{ costUsd: '0.003000000000' }]);
  });

  it('more cached tokens than input leave the cost unknown', () => {
    const usage = { inputTokens: 100, outputTokens: 100, cacheReadTokens: 400 };
    const [call] = auditTrace(trace().station('a', clean).call('gpt-4o', usage).spans, contract()).calls;
    expect(call?.costUsd).toBeNull();
    expect(call?.findings.map(({ rule }) => rule)).toEqual(['cached-tokens']);
  });
});

describe('two calls that name one response', () => {
  const facts = { responseId: 'r1' };

  it.each([true, false])('are one: the one further down counts (it began first: %s)', (isFirst) => {
    const web = trace().station('web', clean);
    const branch = web.inside();
    const below = isFirst ? branch.call('gpt-4o', undefined, { facts }) : null;
    const beside = web.call('gpt-4o', undefined, { facts });
    const deeper = below ?? branch.call('gpt-4o', undefined, { facts });
    expect(callsOf(beside).map(({ spanId }) => spanId)).toEqual([deeper.spanId]);
  });

  it('at the same depth are one: the first counts', () => {
    const web = trace().station('web', clean);
    const first = web.call('gpt-4o', undefined, { facts });
    expect(callsOf(web.call('gpt-4o', undefined, { facts })).map(({ spanId }) => spanId)).toEqual([first.spanId]);
  });

  it('are two where one is a replay from a cache', () => {
    const web = trace().station('web', clean);
    web.call('gpt-4o', undefined, { facts });
    const replay = web.call('gpt-4o', undefined, { facts: { ...facts, cacheReplay: true } });
    expect(callsOf(replay).map(({ costUsd }) => costUsd)).toEqual([COST, '0.000000000000']);
  });
});

describe('hostile trees', () => {
  it('a circle of parents is cut and reported, and its calls are still found', () => {
    const place = trace().station('web', clean, { parentSpanId: '0000000000000002' }).inside(clean).call('gpt-4o');
    const [call] = auditTrace(place.spans, contract()).calls;
    expect(call?.findings.map(({ rule }) => rule)).toEqual(['severed']);
  });

  it('a span that is its own parent is cut', () => {
    const place = trace().station('web', clean, { parentSpanId: '0000000000000001' }).call('gpt-4o');
    expect(auditTrace(place.spans, contract()).calls[0]?.findings[0]?.rule).toBe('severed');
  });

  it('a chain of 100,000 spans is audited in linear time', () => {
    let place = trace().station('web', clean);
    for (let i = 0; i < 100_000; i += 1) place = place.inside();
    const { calls, spans } = auditTrace(place.call('gpt-4o').spans, contract());
    expect(spans).toBe(100_002);
    expect(calls[0]?.findings.map(({ rule }) => rule)).toContain('severed');
  });
});
