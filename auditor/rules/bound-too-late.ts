import type { AuditedAttribute, Policy } from '../../schemas/contract.js';
import { auditedAttributes } from '../../schemas/contract.js';
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
  when: ({ enforcement, policy }) => enforcement !== null && policy.resolved !== null,
  *check(route, { required }) {
    const { enforcement, stations, passages } = route;
    const { resolved } = route.policy;
    if (enforcement === null || resolved === null) return;
    for (const name of neededBy(resolved)) {
      if (!required.includes(name)) continue;
      const { firstSeen } = passages[name];
      const seenAt = firstSeen !== null && firstSeen > enforcement.at ? stations[firstSeen] : undefined;
      if (seenAt === undefined) continue;
      const before = stations[enforcement.at - 1];
      yield {
        attribute: name,
        hop: before === undefined ? null : { from: before.service, to: enforcement.service },
        spanId: seenAt.nodes[0].span.spanId,
        message: `The policy '${resolved.id}' needs ${name}, which is first known at ${seenAt.service}, behind ${enforcement.service}.`,
      };
    }
  },
});

/** The attributes without which the policy cannot be looked up. */
function neededBy({ match }: Policy): AuditedAttribute[] {
  return auditedAttributes.filter((name) => name === 'policy' || match[name] !== undefined);
}
