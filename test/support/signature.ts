import { createHmac, sign as signEd25519 } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { SignatureClaims } from '../../schemas/signature.js';
import { START_US, trace } from './trace.js';

/** A secret of the shape that a contract takes. */
export const SECRET = 'a secret that only the edge and the auditor know';

/** What a fresh signature on the first trace of a test says. */
export const freshClaims: SignatureClaims = {
  tenant: 'acme',
  feature: 'chat',
  policy: 'pro-monthly',
  tid: trace().station('web').spans[0]?.traceId ?? '',
  iat: START_US / 1_000_000 - 5,
  exp: START_US / 1_000_000 + 900,
};

/** Signs as an application would; a key object signs with Ed25519. */
export function signed(
  claims: object = freshClaims,
  key: string | KeyObject = SECRET,
  header: object = { alg: typeof key === 'string' ? 'HS256' : 'EdDSA', kid: 'k1' },
): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature =
    typeof key === 'string'
      ? createHmac('sha256', key).update(text).digest()
      : signEd25519(null, Buffer.from(text), key);
  return `${text}.${signature.toString('base64url')}`;
}
