import * as z from 'zod';
import { callSchema, findingSchema, questionSchema, severitySchema } from './audit.js';

/** A rule in its own words, with the audit of the smallest route that breaks it. */
export const describedRuleSchema = z.object({
  id: z.string(),
  severity: severitySchema,
  question: questionSchema,
  summary: z.string().describe('What is wrong when it is broken'),
  why: z.string(),
  fix: z.string().describe('What to do about it, as its example or its own words say'),
  effect: z.string().describe('What a breach does to the verdict of a call'),
  example: z
    .object({ calls: z.array(callSchema), findings: z.array(findingSchema) })
    .nullable()
    .describe('Null where only a window of calls shows it'),
});
export type DescribedRule = z.infer<typeof describedRuleSchema>;
