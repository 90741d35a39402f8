import type { CompiledContract } from '../../../auditor/contract.js';
import { attributeOf, carriedBy } from '../../../auditor/trace/carried.js';
import type { Call } from '../../../schemas/audit.js';
import type { Span } from '../../../schemas/span.js';
import { WITHIN } from '../restricted-store.js';

/** Where a call or a finding shows a tenant. */
const TENANT_COLUMNS = ['tenant', 'tenant_origin', 'tenant_enforcement', 'tenant_span'];

/** Rules that are broken where several tenants meet: their messages name them. */
const MEETING_RULES = ['rewritten', 'conflicting', 'unauthorized-tenant', 'forged', 'shared-call'];

/**
 * SQL for the calls that a reader who is bound to some tenants may see: those on which these tenants stand, and no
 * other. A call on which several tenants meet is nobody's alone, and only seen by who may see all. Bound to none: all.
 */
export const withinSql = `(empty(${WITHIN}) OR (
        arrayExists(one -> one != '', [${TENANT_COLUMNS.map((column) => `toString(${column})`).join(', ')}])
        AND arrayAll(one -> one = '' OR has(${WITHIN}, one), [${TENANT_COLUMNS.map((column) => `toString(${column})`).join(', ')}])
        AND NOT arrayExists((rule, on) -> rule IN (${MEETING_RULES.map((rule) => `'${rule}'`).join(', ')}) AND on NOT IN ('feature', 'policy'), finding_rules, finding_attributes)))`;

/** The same for a whole trace: every tenant on it must be one of these, and there must be one. */
export function isTraceWithin(
  tenants: readonly string[],
  spans: readonly Span[],
  calls: readonly Call[],
  contract: CompiledContract,
): boolean {
  const { key, aliases } = contract.source.attributes.tenant;
  const shown = spans.flatMap((span) => [
    carriedBy(span, contract).tenant,
    ...span.links.flatMap(({ attributes }) => [key, ...aliases].map((one) => attributeOf(attributes, one))),
  ]);
  const known = shown.filter((tenant) => tenant !== undefined);
  return (
    known.length > 0 &&
    known.every((tenant) => tenants.includes(tenant)) &&
    calls.every(({ findings }) => !findings.some(isMeeting))
  );
}

function isMeeting({ rule, attribute }: Call['findings'][number]): boolean {
  return MEETING_RULES.includes(rule) && attribute !== 'feature' && attribute !== 'policy';
}
