import * as z from 'zod';
import { name } from './contract-parts.js';

/** Headers that the request itself decides, or that only one side of a connection may set. */
const OURS = ['connection', 'content-encoding', 'content-length', 'content-type', 'host', 'transfer-encoding', 'via'];
const SECRET = ['api-key', 'authorization', 'cookie', 'proxy-authorization', 'x-api-key'];

/** A name of a header, per RFC 9110 a token. */
const headerName = z
  .string()
  .max(256)
  .regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: 'is no name of a header' })
  .refine((one) => !OURS.includes(one.toLowerCase()), { error: 'is set by Waybill itself' });

const plainHeaderName = headerName.refine((one) => !SECRET.includes(one.toLowerCase()), {
  error: 'holds a secret: name the environment variable that holds it under headersEnv',
});

/** What a header may hold: visible ASCII, blanks inside. */
export const headerValue = z.string().regex(/^[!-~]([ -~]*[!-~])?$/, { error: 'is no value of a header' });

const endpoint = z
  .url({ protocol: /^https?$/, error: 'must be a URL such as http://collector:4318' })
  .refine((one) => URL.canParse(one) && new URL(one).username === '' && new URL(one).password === '', {
    error: 'must hold no password: name the environment variable that holds the credential under headersEnv',
  });

/** Where requests of OTLP/HTTP are sent. */
export const destinationFields = {
  endpoint: endpoint.optional().describe('As `OTEL_EXPORTER_OTLP_ENDPOINT`; left out: the environment says it'),
  headers: z.record(plainHeaderName, headerValue).default({}).describe('Sent along; none that is secret'),
  headersEnv: z
    .record(headerName, name)
    .default({})
    .describe('Sent along: header to the environment variable that holds its value'),
} as const;

const destinationSchema = z.object(destinationFields);
export type DestinationSettings = z.infer<typeof destinationSchema>;
