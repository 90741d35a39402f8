import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import { looksLike } from '../dialects/look-alike.js';
import type { Route } from '../trace/audited-route.js';
import { rule } from './rule.js';

export const nearMiss = rule({
  id: 'near-miss',
  severity: 'warning',
  question: 'presence',
  defeats: null,
  explains: ['missing', 'dropped'],
  summary: 'The attribute is absent, but a key that looks like it is on the route.',
  why: 'The value is there under another name, such as `tenantId`, `x-tenant` or `customer_id`: nothing has to be propagated, only named.',
  fix: ({ attribute }) =>
    `Add the key to attributes.${attribute}.aliases in the contract, or write ${attribute} under its own key.`,
  example: {
    route: ['web feature=chat policy=pro-monthly customer_id=acme call=gpt-4o in=1000 out=100'],
  },
  when: ({ passages: { tenant, feature, policy } }) =>
    tenant.value === null || feature.value === null || policy.value === null,
  *check(route, contract) {
    const absent = (['tenant', 'feature', 'policy'] as const).filter((name) => route.passages[name].value === null);
    for (const name of absent) {
      const found = lookAlike(route, name, contract);
      if (found === null) continue;
      yield {
        attribute: name,
        spanId: found.spanId,
        message: `${found.service} has '${found.key}', which looks like ${name}.`,
        fix: `Add '${found.key}' to attributes.${name}.aliases in the contract, or write ${name} under '${contract.source.attributes[name].key}'.`,
      };
    }
  },
});

/** The look-alike that is nearest to the call; where the attribute was there further up, only what is behind the loss. */
function lookAlike(
  { stations, passages }: Route,
  name: AuditedAttribute,
  contract: CompiledContract,
): { key: string; service: string; spanId: string } | null {
  for (const { nodes, service } of stations.slice(passages[name].break?.at ?? 0).toReversed()) {
    for (const { span } of nodes.toReversed()) {
      for (let i = 0; i < span.attributes.length; i += 2) {
        const key = span.attributes[i] ?? '';
        if (!contract.attributeByKey.has(key) && looksLike(key) === name) return { key, service, spanId: span.spanId };
      }
    }
  }
  return null;
}
