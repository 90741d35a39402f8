import type { AttributeName } from '../../schemas/contract.js';
import type { Attributes, Span } from '../../schemas/span.js';
import type { CompiledContract } from '../contract.js';

/** The attributes of the contract that a span carries, under their own keys or an alias. */
export type Carried = Readonly<Record<AttributeName, string | undefined>>;

/** What a span carries that says nothing. */
export const NOTHING: Carried = { tenant: undefined, feature: undefined, policy: undefined, user: undefined };

const NONE: ReadonlySet<string> = new Set();

/**
 * Reads the contract's attributes off a span. Where a key and its alias are both there, the key counts.
 *
 * @param except keys that are passed over
 */
export function carriedBy(
  { attributes }: Span,
  contract: CompiledContract,
  except: ReadonlySet<string> = NONE,
): Carried {
  const carried: Record<AttributeName, string | undefined> = { ...NOTHING };
  const rank = { tenant: Infinity, feature: Infinity, policy: Infinity, user: Infinity };
  for (let i = 0; i < attributes.length; i += 2) {
    const known = contract.attributeByKey.get(attributes[i] ?? '');
    if (known === undefined || except.has(attributes[i] ?? '')) continue;
    const { name, order } = known;
    if (rank[name] <= order) continue;
    rank[name] = order;
    carried[name] = attributes[i + 1] ?? '';
  }
  return carried;
}

/** The value of one attribute key; undefined where it is not there. */
export function attributeOf(attributes: Attributes, key: string): string | undefined {
  for (let i = 0; i < attributes.length; i += 2) if (attributes[i] === key) return attributes[i + 1];
  return undefined;
}
