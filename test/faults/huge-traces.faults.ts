import { expect, it } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import type { Span } from '../../schemas/span.js';
import { contract } from '../support/contract.js';
import { clean, trace } from '../support/trace.js';

it('a trace made so that its routes grow without end takes bounded memory, and its deep calls are not enforceable', () => {
  const { spans } = comb(1_500);
  const { calls } = auditTrace(spans, contract());
  const onRoutes = calls.reduce((sum, { stations }) => sum + stations.flatMap(({ spanIds }) => spanIds).length, 0);
  expect(calls).toHaveLength(1_500);
  expect(onRoutes).toBeLessThanOrEqual(500_000);
  expect(calls.at(0)?.findings.map(({ rule }) => rule)).not.toContain('severed');
  expect(calls.at(-1)?.findings.map(({ rule }) => rule)).toContain('severed');
});

it('a trace of 100,000 spans is audited whole', () => {
  const start = trace().station('web', clean);
  for (let i = 1; i < 100_000; i += 1) start.call('gpt-4o', {}, clean);
  const { calls, spans } = auditTrace(start.spans, contract());
  expect(spans).toBe(100_000);
  expect(calls).toHaveLength(99_999);
  expect(calls.every(({ route }) => route.length === 1)).toBe(true);
});

/** Spans of which each lies below the one before, in turns in another service, and a call below each. */
function comb(depth: number): { readonly spans: readonly Span[] } {
  let place = trace().station('s0', clean);
  for (let i = 0; i < depth; i += 1) {
    place.call('gpt-4o', {}, clean);
    place = place.station(`s${(i + 1) % 3}`, clean);
  }
  return place;
}
