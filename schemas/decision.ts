import * as z from 'zod';
import { usdSchema } from './audit.js';
import { rolloutModeSchema } from './rollout.js';

/** What may become of a request that is about to be made. */
export const verdicts = ['allow', 'warn', 'deny'] as const;
export const decisionVerdictSchema = z
  .enum(verdicts)
  .describe(
    '`warn`: go on, but the budget has reached a share at which the contract warns. `deny`: do not make the call',
  );
export type DecisionVerdict = z.infer<typeof decisionVerdictSchema>;

/** Why it was decided so. */
export const decisionReasonSchema = z.enum([
  'off',
  'no-policy',
  'unknown-policy',
  'policy-mismatch',
  'ambiguous-policy',
  'no-limit',
  'spend-unknown',
  'within-budget',
  'near-limit',
  'over-limit',
]);
export type DecisionReason = z.infer<typeof decisionReasonSchema>;

const named = z.string().min(1).max(256).nullish().describe('Left out: nobody knows');

/** What `POST /v1/decisions` takes. */
export const decisionRequestSchema = z.strictObject({
  tenant: named,
  feature: named,
  policy: named.describe('Left out: the one policy of the contract that covers tenant and feature'),
  estimatedCostUsd: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,12})?$/, { error: "must be a decimal string of US dollars, such as '0.0125'" })
    .nullish()
    .describe('What the call is expected to cost, US dollars; left out: `decisions.estimateUsd` of the contract'),
  traceId: z
    .string()
    .regex(/^[0-9a-f]{32}$/, { error: 'must have 32 lower-case hex digits' })
    .nullish()
    .describe('Trace in which the call is made: settles the reservation where no span names it'),
  callId: z.string().max(256).nullish().describe('What the caller calls it; only kept'),
});
export type DecisionRequest = z.infer<typeof decisionRequestSchema>;

/** What it answers. */
export const decisionSchema = z.object({
  decision: decisionVerdictSchema,
  would: decisionVerdictSchema.describe('What is, or would be, decided where enforcement holds'),
  mode: rolloutModeSchema,
  reason: decisionReasonSchema,
  message: z.string().describe('The reason, for a person'),
  policy: z.string().nullable().describe('The policy that counts; null: none'),
  limitUsd: usdSchema.nullable(),
  remainingUsd: usdSchema
    .nullable()
    .describe('Limit less spend and reservations, this one counted; never below zero; null: no limit, or not known'),
  reservationId: z
    .string()
    .nullable()
    .describe('To be set as `waybill.reservation.id` on a span of the call; null: nothing was reserved'),
  expiresAt: z.iso
    .datetime({ precision: 6 })
    .nullable()
    .describe('When the reservation is free, if no call settles it'),
  stale: z.boolean().describe('Whether it goes by what was known last: ClickHouse is away'),
  durable: z.boolean().describe('Whether the reservation is kept; else only this process knows of it, as in `shadow`'),
});
export type Decision = z.infer<typeof decisionSchema>;

const count = z.number().int().nonnegative();

/** What was decided under one policy and mode, beside what the audit found out later. */
export const decisionSummarySchema = z.object({
  policy: z.string().nullable().describe('Null: no policy of the contract counted'),
  mode: rolloutModeSchema,
  decisions: count,
  allowed: count,
  warned: count,
  denied: count,
  wouldDeny: count.describe('In `shadow` what would have been denied; in `enforce` what was'),
  judged: count.describe(
    'Decisions that are old enough for their calls to be audited: the figures below are about these',
  ),
  falseBlocks: count.describe(
    'Would be denied, though with what was really spent before, and the cost of the call, it fitted',
  ),
  falseBlockUsd: usdSchema.describe('Estimates of these'),
  misses: count.describe(
    'Would go on, though with what was really spent before, and the cost of the call, it did not fit',
  ),
  missUsd: usdSchema.describe('What these cost; estimates where their calls are not audited'),
  settled: count.describe('Decisions whose call names them, and has a known cost'),
  estimatedUsd: usdSchema.describe('Estimates of the settled ones'),
  actualUsd: usdSchema.describe('Audited cost of the settled ones'),
  meanDriftUsd: usdSchema
    .nullable()
    .describe('Mean of what decisions held for used, less what was really spent by then'),
  largestDriftUsd: usdSchema.nullable().describe('The largest of these distances, either way'),
});
export type DecisionSummary = z.infer<typeof decisionSummarySchema>;
