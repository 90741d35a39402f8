import { REQUEST_ID_KEYS, RESERVATION_ID } from '../../schemas/attributes.js';
import { SIGNATURE_KEY } from '../../schemas/signature.js';
import type { CompiledContract } from '../contract.js';
import { dialects } from './all.js';
import { isContentKey } from './content-keys.js';
import { matchesPattern } from './dialect.js';
import { looksLikeAttribution } from './look-alike.js';

/** What tells where a request went, how it ended, and which record of a gateway is about it. Today's names, then older. */
const OBSERVED = new Set([
  SIGNATURE_KEY,
  RESERVATION_ID,
  'server.address',
  'server.port',
  'url.path',
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'error.type',
  'session.id',
  'gen_ai.conversation.id',
  'deployment.environment.name',
  ...REQUEST_ID_KEYS,
  'deployment.environment',
  'http.method',
  'http.status_code',
  'http.host',
  'http.target',
  'net.peer.name',
  'net.peer.port',
]);

/** Keys by which a gateway vouches for who called; the caller's own words are found as look-alikes. */
const VOUCHED = ['metadata.user_api_key*'];

const ATTRIBUTION = [...VOUCHED, ...dialects.flatMap(({ attribution }) => attribution)];

/** Keys that only Waybill itself writes, but for the reservation: a sender could vouch for itself under them. */
const OWN_PREFIX = 'waybill.';

/**
 * Which attributes of a span are kept: those of the contract, those that a dialect uses for attribution, those that
 * look like attribution, and what tells where a request went. Content is never kept, not even where a contract asks
 * for it. Full URLs and headers that may hold secrets are not kept either.
 *
 * Slow (regular expressions): whoever asks for every span should remember the answers.
 */
export function keptKeys(contract: CompiledContract): (key: string) => boolean {
  return (key) => {
    if (isContentKey(key) || (key.startsWith(OWN_PREFIX) && key !== RESERVATION_ID)) return false;
    if (contract.attributeByKey.has(key) || OBSERVED.has(key)) return true;
    return ATTRIBUTION.some((pattern) => matchesPattern(pattern, key)) || looksLikeAttribution(key);
  };
}
