import * as z from 'zod';
import { duration } from './contract-parts.js';
import { destinationFields } from './destination.js';
import { scopeSchema } from './gate.js';

/** Where findings and scores go by OTLP, beside the traces that they are about. */
export const exportSettingsSchema = z
  .strictObject({
    ...destinationFields,
    findings: z.boolean().default(true).describe('Findings, as logs'),
    scopes: z
      .array(scopeSchema)
      .max(100)
      .default([{}])
      .describe('Score and spend of these, as metrics; `{}` is everything, an empty list none'),
    every: duration.default('1m').describe('How often score and spend are sent'),
  })
  .optional()
  .describe('Sends findings as OTLP logs, score and spend as OTLP metrics');
export type ExportSettings = NonNullable<z.infer<typeof exportSettingsSchema>>;
