import type { AuditedAttribute } from '../../schemas/contract.js';
import type { Route } from '../trace/audited-route.js';
import { rule } from './rule.js';

export const boundTooLate = rule({
  id: 'bound-too-late',
  severity: 'error',
  question: 'policy',
  defeats: 'enforceable',
  summary: 'An attribute that the policy needs is first known behind the enforcement point.',
  why: 'Where the request would be stopped, nobody can tell which budget it belongs to; behind that point it is too late.',
  fix: ({ attribute, hop }) => `Set ${attribute} before the request reaches ${hop.to}, or enforce further on.`,
  example: {
    route: [
      'web feature=chat policy=pro-monthly',
      'litellm feature=chat policy=pro-monthly',
      'agent all call=gpt-4o in=1000 out=100',
    ],
    contract: {
      services: { litellm: { enforces: true } },
      policies: [{ id: 'pro-monthly', match: { tenant: ['acme'] } }],
    },
  },
  *check(route, { required }) {
    const { enforcementAt, stations, passages } = route;
    if (enforcementAt === null || route.policy.resolved === null) return;
    const point = stations[enforcementAt]?.service ?? '';
    for (const name of neededBy(route)) {
      const { firstSeen } = passages[name];
      if (!required.includes(name) || firstSeen === null || firstSeen <= enforcementAt) continue;
      const before = stations[enforcementAt - 1];
      yield {
        attribute: name,
        hop: before === undefined ? null : { from: before.service, to: point },
        spanId: stations[firstSeen]?.nodes[0]?.span.spanId ?? '',
        message: `The policy '${route.policy.resolved.id}' needs ${name}, which is first known at ${stations[firstSeen]?.service ?? ''}, behind ${point}.`,
      };
    }
  },
});

/** The attributes without which the policy cannot be looked up. */
function neededBy({ policy: { resolved } }: Route): AuditedAttribute[] {
  const { tenant, feature } = resolved?.match ?? {};
  return [
    ...(tenant === undefined ? [] : ['tenant' as const]),
    ...(feature === undefined ? [] : ['feature' as const]),
    'policy',
  ];
}
