/** Words by which people name whom a request is for, what it is for, and what pays for it. */
const WORDS = [
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
  'feature',
  'product',
  'app',
  'application',
  'use_?case',
  'workflow',
  'policy',
  'budget',
  'plan',
  'subscription',
  'cost_?cent(?:er|re)',
  'user',
  'end_?user',
  'virtual_?key',
  'api_?key_?alias',
  'tags',
];

const IS_LOOK_ALIKE = new RegExp(`(?:^|_)(?:${WORDS.join('|')})(?:s|_?ids?|_?names?|_?slug|_?key)?(?:_|$)`);

/** Words that show that a key is about something else: what was said, a secret, the machine. */
const IS_SOMETHING_ELSE =
  /^(?:cloud|k8s|process|host|os|container|faas|thread|db|telemetry|user_agent)_|(?:^|_)(?:prompts?|completions?|messages?|content|body|input|output|arguments?|args|result|text|query|response|documents?|passwords?|passwd|secrets?|authorization|cookies?|credentials?|private_key|token|bearer|jwt|user_agent|e?mail|phone|address)(?:_|$)/;

/**
 * Whether a key looks as if it named a tenant, feature, policy or user, however it is written: `tenantId`, `x-tenant`,
 * `customer_id`, `TeamName`.
 */
export function looksLikeAttribution(key: string): boolean {
  const words = inSnakeCase(key);
  return IS_LOOK_ALIKE.test(words) && !IS_SOMETHING_ELSE.test(words);
}

function inSnakeCase(key: string): string {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_');
}
