import { rule } from './rule.js';

export const callerAsserted = rule({
  id: 'caller-asserted',
  severity: 'warning',
  question: 'provenance',
  defeats: null,
  summary: 'The tenant was only ever claimed by the caller.',
  why: 'Whoever may write a header can spend as someone else. A value is vouched for where a station that the contract trusts reads it from a credential.',
  fix: ({ attribute }) =>
    `Route the call through a service that binds ${attribute} (services.<name>.binds in the contract), or sign the attribution.`,
  example: {
    route: ['web all', 'litellm all call=gpt-4o in=1000 out=100'],
    contract: { services: { auth: { binds: ['tenant'] } } },
  },
  when: ({ passages }, { services, verifySignature }) =>
    passages.tenant.provenance === 'asserted' && (verifySignature !== null || services.size > 0),
  *check({ passages, call }, { source, verifySignature }) {
    // Where the contract trusts nobody, neither a station nor a key, there is no statement that could be broken.
    const binders = Object.entries(source.services).filter(([, { binds }]) => binds.includes('tenant'));
    const { value } = passages.tenant;
    if (binders.length === 0 && verifySignature === null) return;
    yield {
      attribute: 'tenant',
      spanId: call.span.spanId,
      message: `The tenant '${value ?? ''}' is only claimed: ${[...binders.map(([name]) => name), ...(verifySignature === null ? [] : ['a signature'])].join(' or ')} would have to vouch for it.`,
    };
  },
});
