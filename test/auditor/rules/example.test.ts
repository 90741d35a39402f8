import { expect, it } from 'vitest';
import { auditExample } from '../../../auditor/rules/example.js';

const audit = (...route: readonly string[]) => auditExample({ route });

it('a line is a span below the one before, and `all` is all that a call must carry', () => {
  const { calls, findings } = audit('web all', 'web  all', 'litellm all call=gpt-4o in=1000 out=100');
  expect(findings).toEqual([]);
  expect(calls).toMatchObject([
    {
      verdict: 'enforceable',
      findings: [],
      spanId: '0000000000000003',
      startTime: '2026-11-02T12:00:00.002000Z',
      durationUs: 996_000,
      provider: 'openai',
      stream: false,
      failed: false,
      costUsd: '0.003500000000',
      stations: [
        { service: 'web', spanIds: ['0000000000000001', '0000000000000002'] },
        { service: 'litellm', spanIds: ['0000000000000003'] },
      ],
    },
  ]);
});

it('a line with another service is another process, one with the same is not', () => {
  const { calls } = audit('web all', 'agent all', 'web all', 'web all call=gpt-4o in=1 out=1');
  expect(calls[0]?.route).toEqual(['web', 'agent', 'web']);
});

it.each([
  ['call=gpt-4o in=7', { inputTokens: null, outputTokens: null }],
  ['call=gpt-4o out=7', { inputTokens: null, outputTokens: null }],
  ['call=gpt-4o cached=3 in=7 out=1', { inputTokens: 7, outputTokens: 1, cacheReadTokens: 3 }],
  ['call=gpt-4o', { inputTokens: null, outputTokens: null }],
  ['call=gpt-4o failed', { failed: true }],
  ['call=gpt-4o provider=azure.ai.openai', { provider: 'azure.ai.openai' }],
  ['call=gpt-4o cost=0.5', { reportedCostUsd: '0.5' }],
])('the words `%s` are facts of the call', (words, facts) => {
  expect(audit(`web all ${words}`).calls[0]).toMatchObject(facts);
});

it('a word without a value is no attribute, and facts are none either', () => {
  const rules = (words: string) =>
    audit(`web ${words} call=gpt-4o in=1 out=1`).calls[0]?.findings.map(({ rule }) => rule);
  expect(rules('all tenant')).toEqual([]);
  expect(rules('all cost=0.0000035')).toEqual(['cost-disagrees']);
  expect(rules('feature=chat policy=p org_id=acme')).toEqual(['missing']);
});

it('a line with `client` asks a host, one without it answers', () => {
  const words = 'web all server.address=api.openai.com http.request.method=POST';
  expect(audit(`${words} client`).findings.map(({ rule }) => rule)).toEqual(['uninstrumented']);
  expect(audit(words).findings).toEqual([]);
});

it('links are to work of other traces, by tenant', () => {
  const linked = (links: string) => audit(`web all links=${links} call=gpt-4o in=1 out=1`).calls[0]?.findings ?? [];
  expect(linked('')).toEqual([]);
  expect(linked('acme')).toEqual([]);
  expect(linked('acme,globex').map(({ rule }) => rule)).toEqual(['shared-call']);
});
