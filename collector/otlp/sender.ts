import { matchesWildcard } from '../../auditor/policy/resolve.js';
import { CREDENTIAL_TENANTS } from '../../schemas/attributes.js';
import type { Caller } from '../keys/key-ring.js';
import { columnsOf } from '../store/row-writer.js';

/** What the sender of a request may say. */
export interface Sender {
  /** Whether it may send spans of a service. */
  readonly maySpeakFor: (service: string) => boolean;
  /** The attribute that says for which tenants it may speak, as it stands in a row; null: for all. */
  readonly stamp: DataView | null;
}

/** Whoever may say everything. */
export const ANY_SENDER: Sender = { maySpeakFor: () => true, stamp: null };

/**
 * What a caller's key lets it say. Spans of services that it may not speak for are rejected, and every other span gets
 * on its way whom the key may speak for. Whether its tenant is one of these is for the audit to judge, since a service
 * may well be handed the work of a tenant that its key does not know.
 */
export function senderOf({ tenants, services }: Pick<Caller, 'tenants' | 'services'>): Sender {
  return {
    maySpeakFor: services.includes('*')
      ? ANY_SENDER.maySpeakFor
      : (service) => services.some((pattern) => matchesWildcard(pattern, service)),
    stamp: tenants.includes('*')
      ? null
      : columnsOf((row) => {
          row.string(CREDENTIAL_TENANTS);
          row.string(tenants.join(','));
        }),
  };
}
