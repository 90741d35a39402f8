import { matchesWildcard } from '../../auditor/policy/resolve.js';
import { CREDENTIAL_TENANTS } from '../../schemas/attributes.js';
import type { Span } from '../../schemas/span.js';
import type { Caller } from '../keys/key-ring.js';
import type { DecodedRequest } from './span-reader.js';

/**
 * What a caller has said, and may say: spans of services that its key may not speak for are rejected, and every other
 * span gets on its way whom the key may speak for. Whether its tenant is one of these is for the audit to judge, since
 * a service may well be handed the work of a tenant that its key does not know.
 */
export function saidBy({ tenants, services }: Caller, decoded: DecodedRequest): DecodedRequest {
  const own = services.includes('*') ? decoded : onlyOf(services, decoded);
  if (tenants.includes('*')) return own;
  const allowed = tenants.join(',');
  const stamped = own.spans.map((span) => ({ ...span, attributes: [...span.attributes, CREDENTIAL_TENANTS, allowed] }));
  return { ...own, spans: stamped };
}

function onlyOf(services: readonly string[], { spans, rejected, rejectedReason }: DecodedRequest): DecodedRequest {
  const isOwn = ({ service }: Span): boolean => services.some((pattern) => matchesWildcard(pattern, service));
  const own = spans.filter(isOwn);
  const foreign = spans.find((span) => !isOwn(span));
  if (foreign === undefined) return { spans, rejected, rejectedReason };
  return {
    spans: own,
    rejected: rejected + spans.length - own.length,
    rejectedReason:
      rejectedReason || `key may not speak for service '${foreign.service.slice(0, 60).replaceAll(/\p{Cc}/gu, ' ')}'`,
  };
}
