import * as z from 'zod';
import type { CompiledContract } from '../../auditor/contract.js';
import { parseUsd } from '../../auditor/cost/usd.js';
import { budgetsOf } from '../../auditor/policy/simulate.js';
import { budgetPeriodSchema } from '../../schemas/simulation.js';
import { durationUs } from '../store/questions/gate.js';
import type { AskedSimulation } from '../store/questions/simulate.js';
import type { TellProgress } from './answer-in-lines.js';
import { BadRequest, questionSchema, windowOf } from './request.js';

/** Spend that is not booked yet is kept in memory, so it must not be kept for days. */
const LONGEST_DELAY_US = 3_600_000_000;

/** What a simulation takes. */
export const simulateQuerySchema = questionSchema.pick({ policy: true, since: true, from: true, to: true }).extend({
  limit: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,12})?$/, { error: 'must be an amount in US dollars, such as 500 or 0.25' })
    .optional()
    .describe("US dollars a period, in place of the contract's limits, and for policies that have none"),
  per: budgetPeriodSchema.optional().describe("In place of the contract's periods; `month` where it has none"),
  delay: z
    .string()
    .regex(/^(0|[1-9]\d{0,3})[smh]$/, { error: 'must be a span of time such as 0s, 30s or 5m' })
    .default('5s')
    .describe('From the end of a call until its cost is known where requests are blocked; an hour at most'),
  inFlight: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Calls of a policy that run at a time at most; left out: as many as really did'),
});

interface AskedWith {
  readonly contract: CompiledContract;
  /** The present, microseconds since 1970. */
  readonly nowUs: number;
  readonly tell?: TellProgress;
}

/**
 * Works out what a query asks to simulate.
 *
 * @throws BadRequest that says what is wrong, and what to do
 */
export function simulationAsked(
  query: z.infer<typeof simulateQuerySchema>,
  { contract, nowUs, tell }: AskedWith,
): AskedSimulation {
  const { policy, limit, per, delay, inFlight = null } = query;
  if (policy !== undefined && !contract.policyById.has(policy))
    throw new BadRequest(`The contract in force has no policy '${policy}'.`);
  const limitPico = limit === undefined ? undefined : (parseUsd(limit) ?? undefined);
  if (limitPico === 0n) throw new BadRequest("Parameter 'limit': must be more than nothing.");
  const budgets = budgetsOf(contract.source, { policy, limitPico, per });
  if (budgets.length === 0) {
    throw new BadRequest(
      contract.source.policies.length === 0
        ? 'The contract in force lists no policies, so there is no budget to simulate. Add some to waybill.yaml.'
        : "No policy that is asked about has a limit. Give one with 'limit', or write it into waybill.yaml.",
    );
  }
  const delayUs = delay.startsWith('0') ? 0 : durationUs(delay);
  if (delayUs > LONGEST_DELAY_US) throw new BadRequest("Parameter 'delay': must be an hour at most.");
  const { fromUs, toUs } = windowOf(query, nowUs);
  const window = { fromUs: Math.max(0, fromUs), toUs: Math.min(toUs, nowUs) };
  return { budgets, delayUs, inFlight, window, onProgress: tell };
}
