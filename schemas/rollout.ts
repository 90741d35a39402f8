import * as z from 'zod';
import { gateAnswerSchema } from './gate.js';

/** How far enforcement of budgets is rolled out in a scope, lowest first. */
export const rolloutModes = ['off', 'shadow', 'enforce'] as const;
export const rolloutModeSchema = z
  .enum(rolloutModes)
  .describe('`off`: nothing; `shadow`: decide and record, block nothing; `enforce`: block');
export type RolloutMode = z.infer<typeof rolloutModeSchema>;

/** Stands for every tenant, or every policy. */
export const ANY = '*';

const scopePart = z
  .string()
  .min(1)
  .max(256)
  .refine((one) => one === ANY || !one.includes(ANY), { error: 'must be a name, or * alone for all' });

/** What a person asks for. */
export const rolloutChangeSchema = z.strictObject({
  tenant: scopePart.default(ANY).describe('`*`: every tenant'),
  policy: scopePart.default(ANY).describe('`*`: every policy'),
  mode: rolloutModeSchema,
  why: z.string().trim().min(1, { error: 'must say why' }).max(1_000),
});
export type RolloutChange = z.infer<typeof rolloutChangeSchema>;

/** A scope whose rollout is withdrawn. */
export const rolloutWithdrawalSchema = rolloutChangeSchema.omit({ mode: true });
export type RolloutWithdrawal = z.infer<typeof rolloutWithdrawalSchema>;

const moment = z.iso.datetime({ precision: 6 });

/** What was asked for, by whom, and why. */
export const rolloutSchema = z.object({
  tenant: z.string().describe('`*`: every tenant'),
  policy: z.string().describe('`*`: every policy'),
  mode: rolloutModeSchema,
  who: z.string().describe('Id of the key; `local`: without keys'),
  why: z.string(),
  at: moment,
});
export type Rollout = z.infer<typeof rolloutSchema>;

/** What holds in a scope: the lower of what was asked and what the gate allows. */
export const scopeModeSchema = z.object({
  tenant: z.string(),
  policy: z.string().nullable().describe('Null: calls of the tenant under whatever policy'),
  mode: rolloutModeSchema,
  asked: rolloutModeSchema,
  gate: gateAnswerSchema.shape.answer.describe('Its last answer'),
  blocker: z.string().describe('The first blocker of the gate; empty: none'),
  since: moment.describe('Since when the mode holds'),
  why: z.string().describe('Why it changed then'),
});
export type ScopeMode = z.infer<typeof scopeModeSchema>;

/** One turn in the history: somebody asked for a mode or withdrew that, or the mode of a scope changed by itself. */
export const rolloutTurnSchema = z.object({
  at: moment,
  kind: z
    .enum(['asked', 'withdrawn', 'effective'])
    .describe('`asked`: what people want; `withdrawn`: it is asked for no more; `effective`: what holds'),
  tenant: z.string(),
  policy: z.string().nullable(),
  mode: rolloutModeSchema.nullable().describe('Null: withdrawn, so that what is asked for a wider scope counts'),
  who: z.string().describe('`waybill`: by itself'),
  why: z.string(),
});
export type RolloutTurn = z.infer<typeof rolloutTurnSchema>;

/** Answer to `GET /v1/rollouts`. */
export const rolloutsSchema = z.object({
  rollouts: z.array(rolloutSchema).describe('What is asked for, most specific first'),
  scopes: z.array(scopeModeSchema).describe('What holds, for each tenant and policy that a rollout covers'),
  mayChange: z.boolean().describe('Whether who asks may ask for another mode'),
});
export type Rollouts = z.infer<typeof rolloutsSchema>;
