import * as z from 'zod';
import { alertSettingsSchema } from './alert-settings.js';
import { duration, name, share } from './contract-parts.js';
import { exportSettingsSchema } from './export-settings.js';
import { forwardSettingsSchema } from './forward-settings.js';
import { gatewayNames } from './payload.js';

/** The three attributes that every call must carry, and `user`, which is a label for spend and never audited. */
export const attributeNames = ['tenant', 'feature', 'policy', 'user'] as const;
export type AttributeName = (typeof attributeNames)[number];

/** The attributes that are followed from station to station. */
export const auditedAttributes = ['tenant', 'feature', 'policy'] as const;
export type AuditedAttribute = (typeof auditedAttributes)[number];

const pattern = z.string().refine(isRegExp, { error: 'is not a valid regular expression' });

function isRegExp(source: string): boolean {
  try {
    void new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}

function attribute(key: string, aliases: string[], required: boolean) {
  return z
    .strictObject({
      key: name.default(key).describe('Attribute key on spans and in baggage'),
      aliases: z.array(name).default(aliases).describe('Other keys that mean the same; the first one present counts'),
      values: z
        .union([z.array(name).min(1), z.strictObject({ pattern })])
        .optional()
        .describe('The values that are allowed: a list, or a pattern'),
      required: z.boolean().default(required).describe('Whether a call without it is unattributed'),
    })
    .prefault({});
}

const service = z.strictObject({
  role: z.enum(['entry', 'service', 'gateway']).default('service').describe('`entry`: where traces start'),
  enforces: z.boolean().default(false).describe('Whether requests are blocked here'),
  binds: z
    .array(z.enum(auditedAttributes))
    .default([])
    .describe('The attributes that it vouches for, since it reads them from a credential'),
  records: z
    .enum(gatewayNames)
    .optional()
    .describe("The gateway whose log is about this service; else its records are a service of the gateway's name"),
});

const names = z.union([name.transform((one) => [one]), z.array(name).min(1)]);

const policy = z.strictObject({
  id: name,
  match: z
    .strictObject({ tenant: names.optional(), feature: names.optional() })
    .default({})
    .describe('The calls it covers; `*` inside a value stands for anything; an attribute left out covers all'),
  limit: z
    .strictObject({ usd: z.number().positive(), per: z.enum(['hour', 'day', 'week', 'month']) })
    .optional()
    .describe('US dollars a calendar period, UTC'),
  alerts: z.array(z.number().positive().max(10)).default([]).describe('Shares of the limit at which to warn'),
});

const perMillion = z.number().nonnegative().describe('US dollars a million tokens');

const price = z.strictObject({
  provider: name,
  model: name,
  inputPerMillion: perMillion,
  outputPerMillion: perMillion,
  cacheReadPerMillion: perMillion.optional().describe('Default: as input'),
  cacheWritePerMillion: perMillion.optional().describe('Default: as input'),
  from: z.iso.date().optional().describe('First day, UTC, on which it holds'),
});

/** A key that signs attribution. HS256: both sides know the secret. EdDSA: whoever verifies knows the public half. */
const signingKey = z.discriminatedUnion('algorithm', [
  z
    .strictObject({
      id: name.describe('`kid` of the signatures'),
      algorithm: z.literal('HS256'),
      secretEnv: name.optional().describe('The environment variable that holds the secret'),
      secret: z.string().min(32, { error: 'must have at least 32 characters' }).optional(),
    })
    .refine(({ secret, secretEnv }) => (secret === undefined) !== (secretEnv === undefined), {
      error: 'needs either secretEnv or secret',
    }),
  z.strictObject({
    id: name.describe('`kid` of the signatures'),
    algorithm: z.literal('EdDSA'),
    publicKey: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, { error: 'must be an Ed25519 public key: 32 bytes, base64url' })
      .describe('The member `x` of its JSON Web Key'),
  }),
]);
export type SigningKey = z.infer<typeof signingKey>;

const signing = z
  .strictObject({
    keys: z.array(signingKey).default([]).describe('A signature holds if one of them made it; several, to rotate'),
  })
  .prefault({});

const gate = z
  .strictObject({
    window: duration.default('7d').describe('How far back the gate looks'),
    days: z.number().int().min(1).max(31).default(3).describe('The last days, each of which must hold by itself'),
    calls: z.number().int().min(1).default(1000).describe('Calls needed in the window'),
    enforceableSpend: share.default(0.99).describe('Lower bound of the enforceable share of spend'),
    enforceableCalls: share.default(0.98).describe('Lower bound of the enforceable share of calls'),
    misattributedCalls: share.default(0.001).describe('Upper bound of the misattributed share of calls'),
    unknownCost: share.default(0.01).describe('Share of calls whose cost may be unknown'),
    policyProblems: z.number().int().min(0).default(0).describe('Dead or ambiguous policies in scope'),
  })
  .prefault({});

const rollout = z
  .strictObject({
    every: duration.default('1m').describe('How often the gate is asked for each scope that is rolled out'),
    closeAfter: duration
      .default('10m')
      .describe('`enforce` falls to `shadow` when the gate has not been ready for so long'),
    reopenAfter: duration
      .default('1h')
      .describe('After that, `enforce` holds again when the gate has been ready for so long'),
  })
  .prefault({});

const decisions = z
  .strictObject({
    expireAfter: duration
      .default('5m')
      .describe('A reservation that no audited call has settled is free after so long'),
    estimateUsd: z
      .number()
      .positive()
      .max(999_999)
      .default(0.01)
      .describe('What a call is taken to cost where who asks gives no estimate'),
  })
  .prefault({});

/** What a team states must hold: `waybill.yaml`. */
export const contractSchema = z.strictObject({
  attributes: z
    .strictObject({
      tenant: attribute('tenant.id', [], true),
      feature: attribute('feature.id', [], true),
      policy: attribute('budget.policy.id', [], true),
      user: attribute('user.id', ['enduser.id'], false),
    })
    .prefault({}),
  services: z.record(name, service).default({}).describe('By `service.name`'),
  policies: z.array(policy).default([]),
  signing,
  gate,
  rollout,
  decisions,
  alerts: alertSettingsSchema,
  forward: forwardSettingsSchema,
  export: exportSettingsSchema,
  prices: z.array(price).default([]).describe('Prices that are not public, or differ from list'),
});

export type Contract = z.infer<typeof contractSchema>;
export type ContractAttribute = Contract['attributes']['tenant'];
export type Policy = Contract['policies'][number];
export type GateThresholds = Contract['gate'];

/** A proposed contract, as the file that a person then corrects. */
export const proposalSchema = z.object({ yaml: z.string().describe('The file') });
