import * as z from 'zod';
import { duration } from './contract-parts.js';
import { destinationFields } from './destination.js';

/** When a request is acknowledged that is also passed on. */
export const acknowledgements = ['forwarded', 'stored'] as const;

/** Where every trace request is passed on to, as it came. */
export const forwardSettingsSchema = z
  .strictObject({
    ...destinationFields,
    acknowledge: z
      .enum(acknowledgements)
      .default('forwarded')
      .describe('`forwarded`: when stored and passed on; `stored`: when stored, and passed on as well as it goes'),
    timeout: duration.default('5s').describe('After how long downstream counts as away'),
  })
  .optional()
  .describe('Passes every trace request on, byte for byte');
export type ForwardSettings = NonNullable<z.infer<typeof forwardSettingsSchema>>;
