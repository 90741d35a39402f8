import { createHmac } from 'node:crypto';
import type { CompiledContract } from '../../auditor/contract.js';
import { looksLike } from '../../auditor/dialects/look-alike.js';
import type { GatewayRecord } from '../../schemas/payload.js';
import type { Attributes } from '../../schemas/span.js';
import { StartError } from '../start-error.js';
import { createRowWriter } from '../store/row-writer.js';
import type { SpanRows } from '../store/span-rows.js';
import { spanRows } from '../store/span-rows.js';
import { writeSpan } from '../store/spans.js';

/** Puts keyed hashes in place of user ids before anything is stored. */
export interface UserHasher {
  /** What stands for a user: `hmac:` and half of an HMAC-SHA-256 in hex; the same for the same user and secret. */
  readonly hash: (user: string) => string;
  readonly inRows: (rows: SpanRows) => SpanRows;
  readonly inRecords: (records: readonly GatewayRecord[]) => readonly GatewayRecord[];
}

/** The setting by which it is asked for. */
export const USER_HASH_KEY = 'WAYBILL_USER_HASH_KEY';
/** What can be guessed hides nothing. */
const LEAST_LENGTH = 16;
/** Users and keys come again with every span: so many are remembered. */
const REMEMBERED = 10_000;

/**
 * Makes the hash of users that `WAYBILL_USER_HASH_KEY` asks for; null where it is not set.
 *
 * @throws StartError where the secret is too short
 */
export function userHashOf(env: NodeJS.ProcessEnv): ((user: string) => string) | null {
  const secret = env[USER_HASH_KEY] ?? '';
  if (secret === '') return null;
  if (secret.length < LEAST_LENGTH) {
    throw new StartError(
      `${USER_HASH_KEY} has ${secret.length} characters; give at least ${LEAST_LENGTH}, made at random.`,
    );
  }
  return (user) => (user === '' ? '' : `hmac:${createHmac('sha256', secret).update(user).digest('hex').slice(0, 32)}`);
}

/** Creates the hasher for one contract, which says what a user is called. */
export function createUserHasher(hashUser: (user: string) => string, contract: CompiledContract): UserHasher {
  const hash = remembered(hashUser);
  const isUserKey = remembered((key: string) => namesUser(key, contract));

  function hashed(attributes: Attributes): string[] {
    return attributes.map((one, i) => (i % 2 === 1 && isUserKey(attributes[i - 1] ?? '') ? hash(one) : one));
  }

  /** Written anew from objects, which takes longer than to decode: only who asks for it pays for it. */
  function inRows(rows: SpanRows): SpanRows {
    const row = createRowWriter();
    const starts: number[] = [];
    for (const span of rows.spans) {
      starts.push(row.size());
      const links = span.links.map((link) => ({ ...link, attributes: hashed(link.attributes) }));
      writeSpan(row, { ...span, attributes: hashed(span.attributes), links }, 0);
    }
    return spanRows(Buffer.from(row.bytes()), starts);
  }

  return {
    hash,
    inRows,
    inRecords: (records) =>
      records.map((one) => ({ ...one, vouched: hashed(one.vouched), claimed: hashed(one.claimed) })),
  };
}

/** Whether a value under this key is a user: by the contract, or by how the key is called. */
function namesUser(key: string, { attributeByKey }: CompiledContract): boolean {
  const known = attributeByKey.get(key);
  if (known !== undefined) return known.name === 'user';
  return looksLike(key) === 'user' || /user[._-]?(?:id|e?mail|name)$/i.test(key);
}

function remembered<T>(make: (from: string) => T): (from: string) => T {
  const known = new Map<string, T>();
  return (from) => {
    const before = known.get(from);
    if (before !== undefined) return before;
    if (known.size >= REMEMBERED) known.clear();
    const made = make(from);
    known.set(from, made);
    return made;
  };
}
