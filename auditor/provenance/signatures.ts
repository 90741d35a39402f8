import { SIGNATURE_KEY } from '../../schemas/signature.js';
import type { SignatureClaims } from '../../schemas/signature.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import { auditedAttributes } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import { attributeOf, NOTHING } from '../trace/carried.js';
import type { Carried } from '../trace/carried.js';
import type { Station } from '../trace/route.js';
import type { Verified } from './verify-signature.js';

/** Clocks differ by so much. */
const SKEW_US = 60_000_000;

/** A signature that a span of the route carries. */
export interface RouteSignature {
  /** Index of the first station that carries it. */
  readonly station: number;
  readonly spanId: string;
  /** Null where it does not hold. */
  readonly claims: SignatureClaims | null;
  /** Why it does not hold: the rest of a sentence that begins with the signature. Null where it does. */
  readonly problem: string | null;
  /** The attribute that it is about; null where it is about all. */
  readonly attribute: AuditedAttribute | null;
}

/**
 * The different signatures that a route carries, each with what speaks against it. Nothing where the contract lists
 * no keys: then nobody can tell.
 *
 * @param callStartUs when the call began: a signature has to hold then
 */
export function signaturesOn(
  stations: readonly Station[],
  callStartUs: number,
  { verifySignature }: CompiledContract,
): RouteSignature[] {
  if (verifySignature === null) return [];
  const found = new Map<string, RouteSignature>();
  for (const [at, { nodes, carried }] of stations.entries()) {
    for (const [i, { span }] of nodes.entries()) {
      const token = attributeOf(span.attributes, SIGNATURE_KEY);
      const before = token === undefined ? undefined : found.get(token);
      // One span that shows it misused is enough.
      if (token === undefined || (before !== undefined && before.problem !== null)) continue;
      const judged = judge(verifySignature(token), span.traceId, callStartUs, carried[i] ?? NOTHING);
      if (before === undefined || judged.problem !== null)
        found.set(token, { station: at, spanId: span.spanId, ...judged });
    }
  }
  return [...found.values()];
}

function judge(
  { claims, problem }: Verified,
  traceId: string,
  callStartUs: number,
  carried: Carried,
): Pick<RouteSignature, 'claims' | 'problem' | 'attribute'> {
  if (claims === null) return { claims: null, problem, attribute: null };
  const against = misuse(claims, traceId, callStartUs);
  if (against !== null) return { claims: null, problem: against, attribute: null };
  const changed = changedSince(claims, carried);
  return changed === null ? { claims, problem: null, attribute: null } : { claims: null, ...changed };
}

function misuse({ tid, iat, exp }: SignatureClaims, traceId: string, callStartUs: number): string | null {
  if (tid !== traceId) return `was made for another trace, ${tid}`;
  const [fromUs, untilUs] = [iat * 1_000_000 - SKEW_US, exp * 1_000_000 + SKEW_US];
  if (callStartUs < fromUs) return 'was made after the call';
  return callStartUs > untilUs ? 'had expired when the call began' : null;
}

/** The first attribute that a span shows otherwise than its signature has it. */
function changedSince(
  claims: SignatureClaims,
  carried: Carried,
): { readonly attribute: AuditedAttribute; readonly problem: string } | null {
  for (const attribute of auditedAttributes) {
    const [signed, shown] = [claims[attribute], carried[attribute]];
    if (signed === undefined || shown === undefined || signed === shown) continue;
    return { attribute, problem: `is for ${attribute} '${signed}', and the span says '${shown}'` };
  }
  return null;
}
