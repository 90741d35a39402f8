import * as z from 'zod';
import { usdSchema } from './audit.js';

/** What a budget policy would make of a call, the first that applies. */
export const policyFateSchema = z.enum([
  'bypass',
  'bound-too-late',
  'mismatch',
  'ambiguous',
  'seen',
  'lost',
  'unattributed',
]);
export type PolicyFate = z.infer<typeof policyFateSchema>;

const count = z.number().int().nonnegative();

const sums = {
  calls: count,
  costUsd: usdSchema.describe('Sum of the known costs'),
  unknownCost: count.describe('Calls whose cost is not in the sum'),
};

export const policyFitSchema = z.object({
  policy: z.string().nullable().describe('Null: calls that lead to no policy, and carried none at their origin'),
  isListed: z.boolean().describe('Whether the contract lists it'),
  isDead: z.boolean().describe('The contract lists it, and it would have seen no call of the window'),
  fates: z
    .array(z.object({ fate: policyFateSchema, ...sums }))
    .describe(
      '`seen`: it would count the call. `bypass`: the route crosses no enforcement point. `bound-too-late`: what it is looked up by is first known behind that. `mismatch`: the call names it, and it does not cover the call. `ambiguous`: several policies cover it. `lost`: the origin named it, and the name was gone. `unattributed`: nothing led anywhere',
    ),
  routes: z
    .array(
      z.object({
        fate: policyFateSchema,
        route: z.array(z.string()).describe('Services, origin first'),
        operation: z.string(),
        stream: z.boolean(),
        failed: z.boolean().describe('Failed attempts, which another may have followed'),
        shared: z.boolean().describe('Calls on behalf of several tenants, such as batches'),
        ...sums,
      }),
    )
    .describe('By which ways calls come, most spend first'),
  routesLeftOut: count,
});
export type PolicyFit = z.infer<typeof policyFitSchema>;
