import type { AttributeName } from '../../schemas/contract.js';
import { attributeNames } from '../../schemas/contract.js';

/** Words by which people name whom a request is for, what it is for, what pays for it, and who sent it. */
const WORDS: Readonly<Record<AttributeName, readonly string[]>> = {
  tenant: [
    'tenant',
    'tenancy',
    'customer',
    'client_?id',
    'org',
    'organi[sz]ation',
    'account',
    'company',
    'team',
    'department',
    'business_?unit',
    'workspace',
    'project',
    'virtual_?key',
    'api_?key_?alias',
  ],
  feature: ['feature', 'product', 'app', 'application', 'use_?case', 'workflow', 'tags'],
  policy: ['policy', 'budget', 'plan', 'subscription', 'cost_?cent(?:er|re)'],
  user: ['user', 'end_?user'],
};

const patterns = attributeNames.map((name) => ({ name, pattern: patternOf(WORDS[name]) }));

function patternOf(words: readonly string[]): RegExp {
  return new RegExp(`(?:^|_)(?:${words.join('|')})(?:s|_?ids?|_?names?|_?slug|_?key)?(?:_|$)`);
}

/** Words that show that a key is about something else: what was said, a secret, the machine. */
const IS_SOMETHING_ELSE =
  /^(?:cloud|k8s|process|host|os|container|faas|thread|db|telemetry|user_agent)_|(?:^|_)(?:prompts?|completions?|messages?|content|body|input|output|arguments?|args|result|text|query|response|documents?|passwords?|passwd|secrets?|authorization|cookies?|credentials?|private_key|token|bearer|jwt|user_agent|e?mail|phone|address)(?:_|$)/;

/**
 * Whether a key looks as if it named a tenant, feature, policy or user, however it is written: `tenantId`, `x-tenant`,
 * `customer_id`, `TeamName`.
 */
export function looksLikeAttribution(key: string): boolean {
  return looksLike(key) !== null;
}

/** The attribute that a key looks as if it named; null where it looks like none. */
export function looksLike(key: string): AttributeName | null {
  const words = inSnakeCase(key);
  if (IS_SOMETHING_ELSE.test(words)) return null;
  return patterns.find(({ pattern }) => pattern.test(words))?.name ?? null;
}

/** Whether a key says of itself that it holds what was said, a secret, or facts of the machine. */
export function holdsSomethingElse(key: string): boolean {
  return IS_SOMETHING_ELSE.test(inSnakeCase(key));
}

function inSnakeCase(key: string): string {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_');
}
