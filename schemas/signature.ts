import * as z from 'zod';

export { SIGNATURE_KEY } from './attributes.js';

/** The algorithms that may sign: RFC 7518 section 3.2, RFC 8037 section 3.1. */
const signatureAlgorithms = ['HS256', 'EdDSA'] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** Protected header. */
export const signatureHeaderSchema = z.object({ alg: z.enum(signatureAlgorithms), kid: z.string().min(1) });

const seconds = z.number().int().nonnegative();

/** Payload. Names are short, since baggage is. */
export const signatureClaimsSchema = z.object({
  tenant: z.string().optional(),
  feature: z.string().optional(),
  policy: z.string().optional(),
  tid: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe('The trace that it is for: it vouches in no other'),
  iat: seconds.describe('When it was issued, seconds since 1970'),
  exp: seconds.describe('When it ends, seconds since 1970'),
});
export type SignatureClaims = z.infer<typeof signatureClaimsSchema>;
