import * as z from 'zod';
import { usdSchema } from './audit.js';

/** The calendar periods, UTC, over which a budget may run; weeks begin on Monday. */
export const budgetPeriodSchema = z.enum(['hour', 'day', 'week', 'month']);
export type BudgetPeriod = z.infer<typeof budgetPeriodSchema>;

const count = z.number().int().nonnegative();
const time = z.iso.datetime({ precision: 6 });

/** Some calls, and what they came to. */
export const simulatedSumSchema = z.object({
  calls: count,
  costUsd: usdSchema.describe('Sum of the known costs'),
  unknownCost: count.describe('Calls whose cost is not in the sum'),
});
export type SimulatedSum = z.infer<typeof simulatedSumSchema>;

const stopped = {
  blocked: simulatedSumSchema,
  falselyBlocked: simulatedSumSchema.describe('Those of them that were misattributed'),
};

const fateOfTenant = {
  ...stopped,
  missed: simulatedSumSchema.describe(
    'Calls that the budget was meant for, by what their origin showed, and that it never counts: attribution was lost before the enforcement point, the route goes round it, or the cost is unknown',
  ),
  overshootUsd: usdSchema.describe('What their calls took periods over the limit'),
};

export const simulatedPeriodSchema = z.object({
  from: time,
  to: time.describe('End of the calendar period, which may lie after the window'),
  ranOutAt: time.nullable().describe('When the booked spend reached the limit; null: never'),
  letThroughUsd: usdSchema.describe('Known spend let through since the period began, before the window too'),
  overshootUsd: usdSchema.describe('How far that went over the limit'),
  misattributedUsd: usdSchema.describe('Part of it that misattributed calls put on this budget'),
  ...stopped,
});
export type SimulatedPeriod = z.infer<typeof simulatedPeriodSchema>;

export const simulatedPolicySchema = z.object({
  policy: z.string(),
  limitUsd: usdSchema,
  per: budgetPeriodSchema,
  ...stopped,
  letThrough: simulatedSumSchema.describe('Let through and counted against the budget'),
  unknownCost: count.describe('Calls let through that the budget never counts, since nobody knows their cost'),
  bypass: simulatedSumSchema.describe('Calls of this policy on routes that cross no enforcement point'),
  periods: count.describe('Calendar periods in which it had calls'),
  exhausted: z.array(simulatedPeriodSchema).describe('Those in which it ran out or was overshot, oldest first'),
  exhaustedLeftOut: count.describe('How many of those are not listed'),
  tenants: z
    .array(z.object({ tenant: z.string().nullable(), ...fateOfTenant }))
    .describe(
      'Whose calls were blocked, missed or went over the limit, by tenant at the origin, most spend first; null: no tenant was known',
    ),
  otherTenants: z.object(fateOfTenant).describe('The same of tenants that are not listed'),
});
export type SimulatedTenant = SimulatedPolicy['tenants'][number];
export type SimulatedPolicy = z.infer<typeof simulatedPolicySchema>;

/** What would have happened, had requests been blocked. Each call of the window is in exactly one of its sums. */
export const simulationSchema = z.object({
  from: time,
  to: time,
  replayedFrom: time.describe('Start of the calendar periods in which the window begins: budgets are filled from here'),
  delayUs: count,
  inFlight: count.nullable().describe('Calls of a policy that run at a time at most; null: as they really did'),
  all: simulatedSumSchema,
  ...stopped,
  letThrough: simulatedSumSchema.describe('Let through and counted against a budget'),
  escaped: z.object({
    unattributed: simulatedSumSchema.describe('The enforcement point saw no required attribute, so no policy either'),
    unresolved: simulatedSumSchema.describe('Attributes were there, and led to no policy or to several'),
    bypass: simulatedSumSchema.describe('The route crosses no enforcement point'),
    unknownCost: simulatedSumSchema.describe('Let through under a budget that cannot count it'),
  }),
  outside: simulatedSumSchema.describe('Under a policy without a limit, or one that was not asked about'),
  policies: z.array(simulatedPolicySchema),
});
export type Simulation = z.infer<typeof simulationSchema>;
