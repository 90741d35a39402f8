import type { Span } from '../../schemas/span.js';
import { attributeOf, carriedBy } from '../trace/carried.js';
import { Mark } from '../trace/marks.js';
import { rule } from './rule.js';

export const sharedCall = rule({
  id: 'shared-call',
  severity: 'error',
  question: 'policy',
  defeats: 'enforceable',
  summary: 'The call links to work of several tenants.',
  why: 'One request serves several, as batching and shared caches do; blocking it stops all of them, and billing it to one is wrong.',
  fix: () => "Split the batch by tenant, or divide its cost by the tenants' shares before it is booked.",
  example: {
    route: ['batcher all links=acme,globex call=gpt-4o in=1000 out=100'],
  },
  when: ({ marks }) => (marks & Mark.links) !== 0,
  *check({ stations, trace }, contract) {
    const linking: Span[] = [];
    for (const { nodes } of stations) for (const { span } of nodes) if (span.links.length > 0) linking.push(span);
    const [first] = linking;
    if (first === undefined) return;
    const tenants = new Set<string>();
    const { key, aliases } = contract.source.attributes.tenant;
    for (const { spanId, attributes } of linking.flatMap(({ links }) => links)) {
      const named = [key, ...aliases].map((one) => attributeOf(attributes, one)).find((one) => one !== undefined);
      const linked = trace.byId.get(spanId);
      const tenant = named ?? (linked === undefined ? undefined : carriedBy(linked.span, contract).tenant);
      if (tenant !== undefined) tenants.add(tenant);
    }
    if (tenants.size < 2) return;
    yield {
      attribute: 'tenant',
      spanId: first.spanId,
      message: `The call links to work of ${[...tenants].map((tenant) => `'${tenant}'`).join(', ')}.`,
    };
  },
});
