import * as z from 'zod';
import { hopSchema, questionSchema, usdSchema } from './audit.js';

/** What a question is asked about; an attribute left out means all of them. */
export const scopeSchema = z.strictObject({
  tenant: z.string().optional(),
  feature: z.string().optional(),
  policy: z.string().optional(),
  service: z.string().optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

/** A share with its 95 % interval (Wilson). */
export const shareSchema = z.object({
  share: z.number().nullable().describe('Null where there is nothing to divide by'),
  lower: z.number(),
  upper: z.number(),
});
export type Share = z.infer<typeof shareSchema>;

const shares = z.object({ calls: shareSchema, spend: shareSchema });

export const scoreSchema = z.object({
  score: z.number().nullable().describe('100 × the lower bound of the enforceable share of spend; null without calls'),
  rowLevel: shares.describe("Every required attribute stands on the call's own span: what a dashboard shows"),
  enforceable: shares,
  questions: z
    .record(questionSchema, shares)
    .describe('The share of calls, and of spend, in which each question holds'),
  misattributed: shareSchema.describe('Share of calls'),
  calls: z.number().int(),
  unknownCost: z.number().int().describe('Calls whose cost is unknown'),
  spendUsd: usdSchema.describe('Sum of the known costs'),
});
export type Score = z.infer<typeof scoreSchema>;

export const gateCheckSchema = z.object({
  id: z.enum([
    'calls',
    'enforceable-spend',
    'enforceable-calls',
    'misattributed-calls',
    'unknown-cost',
    'policies',
    'days',
  ]),
  holds: z.enum(['yes', 'no', 'unknown']).describe('`unknown`: too little data to say'),
  observed: z.string(),
  required: z.string(),
});
export type GateCheck = z.infer<typeof gateCheckSchema>;

export const gapSchema = z.object({
  rule: z.string(),
  severity: z.enum(['error', 'warning', 'info']),
  question: questionSchema,
  attribute: z.string().nullable(),
  hop: hopSchema.nullable(),
  calls: z.number().int().describe('0 where it belongs to no call: spend that no call reports'),
  traces: z.number().int().describe('How many traces show it; one that goes on past midnight, UTC, counts on each day'),
  spendUsd: usdSchema.describe('Known cost of the calls that show it'),
  since: z.iso
    .datetime({ precision: 6 })
    .describe(
      'Start of the first call that shows it: in the window, or, where a list of gaps has one that was there when the window began, in up to 90 days; without a call, when its trace was audited',
    ),
  isOlder: z.boolean().default(false).describe('It began before `since`, which is the start of what is known of it'),
  sampleTraceId: z.string(),
  message: z.string(),
  fix: z.string(),
});
export type Gap = z.infer<typeof gapSchema>;

export const blockerSchema = z.object({
  check: gateCheckSchema.shape.id,
  message: z.string(),
  observed: z.string(),
  required: z.string(),
  spendUsd: usdSchema.describe('The spend behind it'),
  worst: gapSchema.nullable().describe('The gap with the most spend behind it: its hop and its fix'),
  moreCalls: z
    .number()
    .int()
    .nullable()
    .describe('How many more clean calls could settle it; null where that does not help'),
});
export type Blocker = z.infer<typeof blockerSchema>;

export const gateAnswerSchema = z.object({
  answer: z.enum(['ready', 'not_ready', 'insufficient_data']),
  scope: scopeSchema,
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  score: scoreSchema,
  checks: z.array(gateCheckSchema),
  blockers: z.array(blockerSchema).describe('Never empty unless ready'),
});
export type GateAnswer = z.infer<typeof gateAnswerSchema>;
