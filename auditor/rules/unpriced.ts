import { rule } from './rule.js';

export const unpriced = rule({
  id: 'unpriced',
  severity: 'error',
  question: 'cost',
  defeats: 'enforceable',
  summary: 'There is no price for this provider and model.',
  why: 'The cost is unknown, and unknown is not zero: a gateway that prices an unmapped model at 0 lets it spend without end, since its budget never fires.',
  fix: () =>
    'Add the model to `prices` in the contract, or have the span name provider and model as the provider does.',
  example: {
    route: ['web all call=our-own-model in=1000 out=100'],
  },
  when: ({ billing }) => billing.usage !== null && billing.priceSource === null,
  *check({ billing, call }) {
    const { provider, model } = billing;
    yield {
      spanId: call.span.spanId,
      message:
        provider === '' || model === ''
          ? `The call does not say its ${provider === '' ? 'provider' : 'model'}, so it has no price.`
          : `No price for model '${model}' of provider '${provider}'.`,
    };
  },
});
