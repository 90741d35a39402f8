import { createHmac, createPublicKey, timingSafeEqual, verify as verifyEd25519 } from 'node:crypto';
import type { SigningKey } from '../../schemas/contract.js';
import type { SignatureClaims } from '../../schemas/signature.js';
import { signatureClaimsSchema, signatureHeaderSchema } from '../../schemas/signature.js';

/** What a signature says, or why it says nothing. */
export type Verified =
  | { readonly claims: SignatureClaims; readonly problem: null }
  | { readonly claims: null; readonly problem: string };

/** Checks a JWS in compact form: its key and its signature, not yet when and where it is used. */
export type SignatureVerifier = (token: string) => Verified;

/** The same signature stands on every span of a request. */
const REMEMBERED = 4_096;

/**
 * Makes a verifier for the keys of a contract (RFC 7515, RFC 7518 section 3.2, RFC 8037 section 3.1).
 *
 * The algorithm is that of the key and never the token's choice: a token that names another one is refused.
 */
export function createSignatureVerifier(keys: readonly SigningKey[]): SignatureVerifier {
  const checks = new Map(keys.map((key) => [key.id, { algorithm: key.algorithm, isSigned: checkFor(key) }]));
  const known = new Map<string, Verified>();

  function judge(token: string): Verified {
    const [header64 = '', claims64 = '', signature64 = '', ...rest] = token.split('.');
    const header = signatureHeaderSchema.safeParse(parsed(header64));
    const claims = signatureClaimsSchema.safeParse(parsed(claims64));
    if (rest.length > 0 || !header.success || !claims.success) return refused('is not readable');
    const { kid, alg } = header.data;
    const key = checks.get(kid);
    if (key === undefined) return refused(`names the key '${kid}', which the contract does not list`);
    if (key.algorithm !== alg) return refused(`is made with ${alg}, but the key '${kid}' is for ${key.algorithm}`);
    if (!key.isSigned(`${header64}.${claims64}`, Buffer.from(signature64, 'base64url')))
      return refused(`was not made with the key '${kid}'`);
    return { claims: claims.data, problem: null };
  }

  return (token) => {
    const before = known.get(token);
    if (before !== undefined) return before;
    const verified = judge(token);
    if (known.size >= REMEMBERED) known.clear();
    known.set(token, verified);
    return verified;
  };
}

function refused(problem: string): Verified {
  return { claims: null, problem };
}

function parsed(base64url: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

type SignatureCheck = (signed: string, signature: Buffer) => boolean;

function checkFor(key: SigningKey): SignatureCheck {
  if (key.algorithm === 'EdDSA') return ed25519Check(key.publicKey);
  const { secret } = key;
  // A key whose secret was not given vouches for nothing.
  if (secret === undefined) return () => false;
  return (signed, signature) => {
    const expected = createHmac('sha256', secret).update(signed).digest();
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  };
}

function ed25519Check(x: string): SignatureCheck {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return (signed, signature) => verifyEd25519(null, Buffer.from(signed), key, signature);
}
