import { expect, it } from 'vitest';
import { createHints } from '../../../collector/otlp/hints.js';
import type { CompiledContract } from '../../../auditor/contract.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { trace } from '../../support/trace.js';
import { lackingCalls } from './slow-decoder.js';

const callOf = (service: string) => trace().station(service).call('gpt-4o').spans;

/** A function that says what is to be said about spans, which it reads as the audit does. */
function hinter(contract: CompiledContract): (spans: readonly Span[]) => string {
  const hint = createHints(contract, () => 0);
  return (spans) => hint(lackingCalls(spans, contract));
}

it('an alias counts as the attribute', () => {
  const hint = hinter(contract({ attributes: { tenant: { aliases: ['customer.id'] } } }));
  const carried = ['customer.id', 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro'];
  const { spans } = trace()
    .station('web')
    .call('gpt-4o', {}, { span: { attributes: carried } });
  expect(hint(spans)).toBe('');
});

it('attributes that are not required are not asked for', () => {
  const required = { required: false };
  const hint = hinter(contract({ attributes: { tenant: required, feature: required, policy: required } }));
  expect(hint(callOf('web'))).toBe('');
});

it('made-up services do not fill the memory: the oldest are told again', () => {
  const hint = hinter(contract());
  expect(hint(callOf('first'))).toContain("'first'");
  expect(hint(callOf('first'))).toBe('');
  for (let i = 0; i < 1_000; i += 1) hint(callOf(`made-up ${i}`));
  expect(hint(callOf('first'))).toContain("'first'");
});

it('one request of many services is answered with a message that can be read', () => {
  const hint = hinter(contract());
  const names = Array.from({ length: 1_000 }, (_, i) => `\u001b[31m${'made-up '.repeat(100)}${i}`);
  const message = hint(names.flatMap((name) => callOf(name)));
  expect(message.length).toBeLessThan(2_000);
  expect(message).not.toMatch(/\p{Cc}/u);
  expect(message).toMatch(/995 more services/);
});
