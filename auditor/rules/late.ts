import type { AuditedAttribute } from '../../schemas/contract.js';
import type { Route } from '../trace/audited-route.js';
import { breaksOf, fared } from './breaks-of.js';
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
  when: fared('late'),
  *check(route, contract) {
    for (const { attribute, at, hop, spanId } of breaksOf('late', route, contract)) {
      const { enforcement, stations } = route;
      const passed = enforcement !== null && at > enforcement.at ? enforcement.service : null;
      yield {
        attribute,
        hop,
        spanId,
        message:
          `${attribute} is absent at the origin ${stations[0].service} and first seen at ${hop.to}` +
          (passed === null ? '.' : `, behind the enforcement point ${passed}.`),
        severity: passed === null ? 'warning' : 'error',
        defeats: isBoundInTime(route, attribute) ? null : 'enforceable',
      };
    }
  },
});

/** Whether a station that the contract trusts bound the value at or before the enforcement point. */
function isBoundInTime({ passages, enforcement }: Route, name: AuditedAttribute): boolean {
  const { boundAt } = passages[name];
  return boundAt !== null && enforcement !== null && boundAt <= enforcement.at;
}
