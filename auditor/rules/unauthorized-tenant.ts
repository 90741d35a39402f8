import { CREDENTIAL_TENANTS } from '../../schemas/attributes.js';
import { matchesWildcard } from '../policy/resolve.js';
import { attributeOf } from '../trace/carried.js';
import { Mark } from '../trace/marks.js';
import { looksTheSame } from './looks-the-same.js';
import { rule } from './rule.js';
import { spelled } from './value-problem.js';

export const unauthorizedTenant = rule({
  id: 'unauthorized-tenant',
  severity: 'error',
  question: 'provenance',
  defeats: 'enforceable',
  misattributes: true,
  summary: 'The credential that sent the span may not speak for this tenant.',
  why: 'Whoever holds any key could spend as anyone: a header is only a claim, the credential is what is known.',
  fix: () => 'Send the spans of this tenant with a key that may speak for it, or correct the tenant where it is set.',
  example: {
    route: ['web all waybill.credential.tenants=globex call=gpt-4o in=1000 out=100'],
  },
  when: ({ marks }) => (marks & Mark.credential) !== 0,
  *check({ stations }) {
    for (const { nodes, carried, service } of stations) {
      for (const [i, { span }] of nodes.entries()) {
        const allowed = attributeOf(span.attributes, CREDENTIAL_TENANTS);
        const tenant = carried[i]?.tenant;
        if (allowed === undefined || tenant === undefined) continue;
        const tenants = allowed.split(',');
        if (tenants.some((pattern) => matchesWildcard(pattern, tenant))) continue;
        const meant = tenants.find((one) => looksTheSame(one, tenant));
        const said =
          meant === undefined ? `'${tenant}'` : `${spelled(tenant)}, which looks like '${meant}' and is not,`;
        yield {
          attribute: 'tenant',
          spanId: span.spanId,
          message: `${service} speaks for tenant ${said} with a credential that may only speak for ${allowed}.`,
        };
        return;
      }
    }
  },
});
