import type { AuditedAttribute } from '../../schemas/contract.js';
import type { Route } from '../trace/audited-route.js';
import { rule } from './rule.js';

export const late = rule({
  id: 'late',
  severity: 'warning',
  question: 'survival',
  defeats: 'enforceable',
  summary: 'The attribute is first seen after the origin.',
  why: 'Whatever ran before that station ran without an owner. It is harmless where a station that the contract trusts binds the value at or before the place that would block, and useless for blocking where it is first known behind that place.',
  fix: ({ attribute, hop }) =>
    `Set ${attribute} at the origin; or, if ${hop.to} reads it from a credential, say so in the contract: services.${hop.to}.binds: [${attribute}].`,
  example: {
    route: ['web', 'agent all', 'litellm all call=gpt-4o in=1000 out=100'],
  },
  *check(route, { required }) {
    for (const name of required) {
      const { outcome, hop, breakAt } = route.passages[name];
      if (outcome !== 'late' || hop === null || breakAt === null) continue;
      const isBehind = route.enforcementAt !== null && breakAt > route.enforcementAt;
      const point = route.enforcementAt === null ? undefined : route.stations[route.enforcementAt]?.service;
      yield {
        attribute: name,
        hop,
        spanId: route.stations[breakAt]?.nodes[0]?.span.spanId ?? '',
        message:
          `${name} is absent at the origin ${route.stations[0].service} and first seen at ${hop.to}` +
          (isBehind ? `, behind the enforcement point ${point ?? ''}.` : '.'),
        severity: isBehind ? 'error' : 'warning',
        defeats: isBoundInTime(route, name) ? null : 'enforceable',
      };
    }
  },
});

/** Whether a station that the contract trusts bound the value at or before the enforcement point. */
function isBoundInTime({ passages, enforcementAt }: Route, name: AuditedAttribute): boolean {
  const { boundAt } = passages[name];
  return boundAt !== null && enforcementAt !== null && boundAt <= enforcementAt;
}
