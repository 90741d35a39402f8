import * as z from 'zod';
import { usdSchema } from './audit.js';
import { budgetPeriodSchema, simulatedSumSchema } from './simulation.js';

const time = z.iso.datetime({ precision: 6 });

const estimateSchema = z.object({
  expected: usdSchema,
  lower: usdSchema.nullable().describe('Null: too little was seen to give an interval'),
  upper: usdSchema.nullable(),
});
export type Estimate = z.infer<typeof estimateSchema>;

/** How the interval of every forecast is made. */
export const FORECAST_INTERVAL =
  "95 % prediction interval of Student's t for the sum of k further stretches after n seen ones: k·m ± t(0.975; n−1)·s·√(k + k²/n), with m and s the mean and the standard deviation of the known spend of a stretch";

export const forecastSchema = z.object({
  from: time.describe(
    'Start of the stretches that it goes by: of the first with a call of this policy, if that is later',
  ),
  to: time,
  stretches: z.number().int().describe('Equal stretches of the window that it goes by'),
  usdPerDay: usdSchema.describe('Known spend a day in them'),
  atPeriodEndUsd: estimateSchema.describe('Known spend of the period when it ends, if it goes on like that'),
  runsOutAt: time.nullable().describe('When the limit is expected to be reached; null: not in this period'),
  earliest: time.nullable().describe('The same at the upper bound of spend'),
  latest: time.nullable().describe('The same at the lower bound; null: it may well last'),
  interval: z.literal(FORECAST_INTERVAL),
});
export type Forecast = z.infer<typeof forecastSchema>;

/** What is to be expected of a budget before its period ends. */
export const outlookSchema = z.enum(['exhausted', 'runs-out', 'may-run-out', 'lasts', 'unknown']);
export type Outlook = z.infer<typeof outlookSchema>;

/** A policy's spend against its limit in the calendar period that runs now. */
export const budgetSchema = z.object({
  policy: z.string(),
  per: budgetPeriodSchema,
  from: time,
  to: time.describe('End of the calendar period, UTC'),
  limitUsd: usdSchema,
  spent: simulatedSumSchema.describe('Calls of the period that resolved to the policy'),
  remainingUsd: usdSchema.describe('Limit less known spend; never below zero'),
  share: z.number().describe('Known spend as a share of the limit; above 1 where it is overspent'),
  thresholds: z
    .array(z.object({ share: z.number(), usd: usdSchema, isCrossed: z.boolean() }))
    .describe('Shares of the limit at which the contract wants a warning, least first'),
  outlook: outlookSchema.describe(
    '`exhausted`: the limit is reached. `runs-out`: it is expected to be. `may-run-out`: only at the upper bound of spend. `unknown`: no forecast',
  ),
  forecast: forecastSchema.nullable().describe('Null: no call, or no whole stretch with one, in the window'),
});
export type Budget = z.infer<typeof budgetSchema>;
