import * as z from 'zod';
import { usdSchema, verdictSchema } from './audit.js';
import { scoreSchema } from './gate.js';

const count = z.number().int().nonnegative();

/** What another contract would make of the calls of a window. */
export const reauditSchema = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  traces: count,
  isWritten: z.boolean().describe('Whether the new audits have taken the place of those before'),
  before: scoreSchema.describe('By the contract in force'),
  after: scoreSchema.describe('By the other one'),
  verdicts: z
    .array(
      z.object({
        from: verdictSchema,
        to: verdictSchema,
        calls: count,
        costUsd: usdSchema.describe('Sum of the known costs, as the other contract prices them'),
      }),
    )
    .describe('How many calls went from which verdict to which, those that stayed among them'),
  rules: z
    .array(z.object({ rule: z.string(), before: count, after: count }))
    .describe('Findings by rule, those with the greatest change first'),
});
export type Reaudit = z.infer<typeof reauditSchema>;
