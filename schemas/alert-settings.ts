import * as z from 'zod';
import { alertKindSchema } from './alert.js';
import { duration, name, share } from './contract-parts.js';
import { scopeSchema } from './gate.js';

const kinds = z.array(alertKindSchema).min(1).optional().describe('What it is told of; left out: everything');

const url = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
  .describe('Where to post to');

const webhook = z
  .strictObject({
    id: name,
    type: z.literal('webhook'),
    url: url.optional(),
    urlEnv: name.optional().describe('The environment variable that holds the URL, where the URL itself is a secret'),
    format: z.enum(['json', 'slack']).default('json').describe('`slack`: an incoming webhook of Slack'),
    secret: z.string().min(16, { error: 'must have at least 16 characters' }).optional(),
    secretEnv: name.optional().describe('The environment variable that holds the secret that requests are signed with'),
    allowPrivate: z
      .boolean()
      .default(false)
      .describe('Whether it may be on a private, loopback or link-local address, and without TLS'),
    kinds,
  })
  .refine((one) => (one.url === undefined) !== (one.urlEnv === undefined), { error: 'needs either url or urlEnv' })
  .refine((one) => one.url === undefined || one.allowPrivate || one.url.startsWith('https:'), {
    path: ['url'],
    error: 'must begin with https://, or the channel say allowPrivate: true',
  })
  .refine((one) => one.secret === undefined || one.secretEnv === undefined, {
    error: 'needs secretEnv or secret, not both',
  })
  .refine((one) => one.format === 'slack' || one.secret !== undefined || one.secretEnv !== undefined, {
    error: 'needs secretEnv: its requests are signed',
  });

const server = z
  .url({ protocol: /^smtps?$/, error: 'must be a URL such as smtp://user:password@mail.example.com:587' })
  .describe('smtp:// or smtps://; TLS is used where the server offers it');

const email = z
  .strictObject({
    id: name,
    type: z.literal('email'),
    server: server.optional(),
    serverEnv: name.optional().describe('The environment variable that holds the URL of the server, with its password'),
    from: z.email(),
    to: z.array(z.email()).min(1),
    kinds,
  })
  .refine((one) => (one.server === undefined) !== (one.serverEnv === undefined), {
    error: 'needs either serverEnv or server',
  });

const channel = z.discriminatedUnion('type', [webhook, email]);
export type Channel = z.infer<typeof channel>;
export type WebhookChannel = Extract<Channel, { type: 'webhook' }>;
export type EmailChannel = Extract<Channel, { type: 'email' }>;

/** Who is told, and of what besides the thresholds that the policies name. What is left out is not watched. */
export const alertSettingsSchema = z
  .strictObject({
    channels: z.array(channel).default([]).describe('Who is told; without one, alerts are in the history only'),
    forecast: z.boolean().default(true).describe('Whether to warn where a limit is expected to be reached'),
    unattributedSpend: z
      .strictObject({ over: share, window: duration.default('24h') })
      .optional()
      .describe('Warn where more than this share of the known spend is unattributed'),
    scoreDrop: z
      .strictObject({ points: z.number().positive().max(100), window: duration.default('7d') })
      .optional()
      .describe('Warn where the score of the window is so many points lower than that of the window before'),
    gateLost: z
      .strictObject({ scopes: z.array(scopeSchema).min(1).default([{}]) })
      .optional()
      .describe('Warn where a scope that was ready is no longer; without scopes: everything'),
    unusualSpend: z
      .strictObject({
        z: z.number().positive().default(3.5).describe('Robust z-score from which a day is unusual'),
        days: z.number().int().min(7).max(90).default(28).describe('Days before, which say what is usual'),
        by: z.enum(['everything', 'tenant', 'feature', 'policy']).default('everything'),
      })
      .optional()
      .describe("Warn where a day's spend is far from that of the days before"),
  })
  .prefault({});
