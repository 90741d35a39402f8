import * as z from 'zod';

/** The parts that the sections of the contract are made of. */
export const share = z.number().min(0).max(1);
export const name = z.string().min(1).max(256);

/** A span of time such as `5s`, `30m`, `7d`. */
export const duration = z
  .string()
  .regex(/^[1-9]\d*(s|m|h|d)$/, { error: 'must be a whole number and a unit: 30s, 15m, 12h, 7d' });
