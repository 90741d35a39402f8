import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { contract } from '../../support/contract.js';
import { clean, trace } from '../../support/trace.js';

const request = (host: string, method = 'POST') => ({
  kind: 3,
  name: method,
  attributes: ['server.address', host, 'http.request.method', method],
});
const found = (spans: Parameters<typeof auditTrace>[0]) => auditTrace(spans, contract()).findings;

describe('uninstrumented', () => {
  it('speaks up: a request to a model host that no span accounts for', () => {
    const { spans } = trace().station('web', clean).inside({}, request('api.openai.com'));
    expect(found(spans)).toMatchObject([
      { rule: 'uninstrumented', severity: 'error', spanId: '0000000000000002', traceId: '1'.padStart(32, '0') },
    ]);
  });

  it.each([
    ['the call is above', trace().station('web', clean).call('gpt-4o').inside({}, request('api.openai.com'))],
    [
      'the call is below',
      trace().station('web', clean).inside({}, request('api.openai.com')).station('litellm', clean).call('gpt-4o'),
    ],
    [
      'it is the call itself',
      trace()
        .station('web', clean)
        .call('gpt-4o', undefined, { span: request('api.openai.com') }),
    ],
    ['another host', trace().station('web', clean).inside({}, request('example.com'))],
    ['a list of models is no call', trace().station('web', clean).inside({}, request('api.openai.com', 'GET'))],
    [
      'a request that comes in',
      trace()
        .station('web', clean)
        .inside({}, { ...request('api.openai.com'), kind: 2 }),
    ],
  ])('is silent: %s', (_, { spans }) => {
    expect(found(spans)).toEqual([]);
  });

  it('stays quick in a deep trace of such requests', () => {
    let place = trace().station('web', clean);
    for (let i = 0; i < 20_000; i += 1) place = place.inside({}, request('api.openai.com'));
    expect(found(place.spans)).toHaveLength(20_000);
  });
});
