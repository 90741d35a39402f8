import { parseUsd } from '../../../auditor/cost/usd.js';
import { usdSchema } from '../../../schemas/audit.js';

/** A decimal of dollars, as ClickHouse writes it, in 1e-12 dollars. */
export const picoSchema = usdSchema.transform((text) => parseUsd(text) ?? 0n);
