import { expect, it } from 'vitest';
import { createHints } from '../../../collector/otlp/hints.js';
import { contract } from '../../support/contract.js';
import { clean, trace } from '../../support/trace.js';

const callOf = (service: string) => trace().station(service, clean).call('gpt-4o').spans;

it('an alias counts as the attribute', () => {
  const hint = createHints(contract({ attributes: { tenant: { aliases: ['customer.id'] } } }), () => 0);
  const carried = ['customer.id', 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro'];
  const { spans } = trace()
    .station('web')
    .call('gpt-4o', {}, { span: { attributes: carried } });
  expect(hint(spans)).toBe('');
});

it('attributes that are not required are not asked for', () => {
  const required = { required: false };
  const hint = createHints(
    contract({ attributes: { tenant: required, feature: required, policy: required } }),
    () => 0,
  );
  expect(hint(callOf('web'))).toBe('');
});

it('made-up services do not fill the memory: the oldest are told again', () => {
  const hint = createHints(contract(), () => 0);
  expect(hint(callOf('first'))).toContain("'first'");
  expect(hint(callOf('first'))).toBe('');
  for (let i = 0; i < 1_000; i += 1) hint(callOf(`made-up ${i}`));
  expect(hint(callOf('first'))).toContain("'first'");
});
