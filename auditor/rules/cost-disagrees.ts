import { factsOf } from '../cost/billing.js';
import { formatUsd, parseUsd } from '../cost/usd.js';
import { rule } from './rule.js';

export const costDisagrees = rule({
  id: 'cost-disagrees',
  severity: 'warning',
  question: 'cost',
  defeats: null,
  summary: "The gateway's own cost differs from ours by over 1 %.",
  why: 'Somebody enforces on another number than the one that is reported: budgets fire early or late. Usual causes: an old price list, cached tokens counted twice, a discount.',
  fix: () =>
    'Compare the price of the model in the gateway with `prices` of the contract and the public list, and correct the one that is wrong.',
  example: {
    route: ['web all', 'litellm all cost=0.0071 call=gpt-4o in=1000 out=100'],
  },
  when: ({ call }) => factsOf(call).reportedCostUsd !== null,
  *check({ billing, call }) {
    const reported = factsOf(call).reportedCostUsd;
    if (reported === null || billing.costPico === null) return;
    const theirs = parseUsd(reported) ?? 0n;
    const ours = billing.costPico;
    const difference = theirs > ours ? theirs - ours : ours - theirs;
    if (difference * 100n <= ours) return;
    yield {
      spanId: call.span.spanId,
      message: `The span reports ${reported} dollars, and its tokens cost ${formatUsd(ours)}.`,
    };
  },
});
