import type { Context } from '@opentelemetry/api';
import { diag, propagation } from '@opentelemetry/api';
import type { KeyObject } from 'node:crypto';
import { createHmac, createPrivateKey, createSecretKey, sign } from 'node:crypto';
import { SIGNATURE_KEY } from '../schemas/attributes.js';
import type { SignatureAlgorithm, SignatureClaims } from '../schemas/signature.js';
import type { Attribution } from './attribution-fields.js';
import { keys } from './attribution-fields.js';
import { assertedIn } from './attribution.js';

/** How a process signs the attribution that it says itself. */
export interface Signing {
  /** HS256: the shared secret, at least 32 bytes. EdDSA: the private Ed25519 key, as PEM or as a `KeyObject`. */
  readonly key: string | Uint8Array | KeyObject;
  /** Names the key, so that another can take its place while this one still verifies. */
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  /** How long a signature holds; 15 minutes by default. */
  readonly expiryMs?: number | undefined;
}

/** Signs values for one trace, at a time in milliseconds since 1970; gives a JWS in compact form. */
export type Signer = (attribution: Attribution, traceId: string, nowMs: number) => string;

const EXPIRY_MS = 15 * 60_000;

/** RFC 7518 section 3.2: the key has at least the size of the hash. */
const MIN_SECRET_BYTES = 32;

/** Signatures that are kept, to be used again by the other spans of a trace. */
const MAX_KEPT = 1_000;

/**
 * Makes a signer. A key that cannot be used is an error in the OpenTelemetry log and leaves attribution unsigned, since
 * an application must not fail to start for it.
 *
 * Signed with `node:crypto`: a span starts synchronously, and libraries over WebCrypto can only sign asynchronously.
 *
 * @returns null where there is nothing to sign with
 */
export function createSigner(signing: Signing | undefined): Signer | null {
  if (signing === undefined) return null;
  try {
    return signerWith(signing, signatureBy(signing));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    diag.error(`Attribution is not signed: the signing key cannot be used: ${reason}`);
    return null;
  }
}

function signerWith({ alg, kid, expiryMs = EXPIRY_MS }: Signing, signature: (text: string) => Buffer): Signer {
  if (kid === '') throw new Error('kid is empty; give the key a name');
  if (!(expiryMs >= 1_000)) throw new Error(`expiryMs is ${expiryMs}; give at least 1000`);
  const header = encode({ alg, kid });
  const kept = new Map<string, { readonly jws: string; readonly untilMs: number }>();
  return ({ tenant, feature, policy }, traceId, nowMs) => {
    const id = JSON.stringify([traceId, tenant, feature, policy]);
    const before = kept.get(id);
    if (before !== undefined && nowMs < before.untilMs) return before.jws;
    const iat = Math.floor(nowMs / 1_000);
    const claims: SignatureClaims = {
      tenant,
      feature,
      policy,
      tid: traceId,
      iat,
      exp: iat + Math.floor(expiryMs / 1_000),
    };
    const signed = `${header}.${encode(claims)}`;
    const jws = `${signed}.${signature(signed).toString('base64url')}`;
    if (kept.size >= MAX_KEPT) kept.clear();
    // Half of its time: what is sent with it still has the other half to arrive in.
    kept.set(id, { jws, untilMs: nowMs + expiryMs / 2 });
    return jws;
  };
}

function signatureBy({ alg, key }: Signing): (text: string) => Buffer {
  if (alg === 'HS256') {
    const secret = typeof key === 'string' || key instanceof Uint8Array ? createSecretKey(Buffer.from(key)) : key;
    if (secret.type !== 'secret') throw new Error('HS256 needs a shared secret');
    if ((secret.symmetricKeySize ?? 0) < MIN_SECRET_BYTES)
      throw new Error(`HS256 needs ${MIN_SECRET_BYTES} bytes or more`);
    return (text) => createHmac('sha256', secret).update(text).digest();
  }
  if (alg !== 'EdDSA') throw new Error(`alg is ${String(alg)}; give HS256 or EdDSA`);
  const own = typeof key === 'string' || key instanceof Uint8Array ? createPrivateKey(Buffer.from(key)) : key;
  if (own.type !== 'private' || own.asymmetricKeyType !== 'ed25519')
    throw new Error('EdDSA needs a private Ed25519 key');
  return (text) => sign(null, Buffer.from(text), own);
}

/**
 * The signature that goes with a context: over what this process said itself, where it can sign; else the one that came
 * with the baggage, as long as nothing that it may vouch for was changed here.
 */
export function signatureIn(ctx: Context, traceId: string, signer: Signer | null): string | null {
  const baggage = propagation.getBaggage(ctx);
  const heard = baggage?.getEntry(SIGNATURE_KEY)?.value ?? null;
  // Most applications neither sign nor hear a signature, and this is asked for each of their spans.
  if (signer === null && heard === null) return null;
  const { tenant, feature, policy } = assertedIn(ctx);
  const own = { tenant, feature, policy };
  if (signer !== null && (tenant ?? feature ?? policy) !== undefined) return signer(own, traceId, Date.now());
  for (const field of ['tenant', 'feature', 'policy'] as const) {
    if (own[field] !== undefined && own[field] !== baggage?.getEntry(keys[field])?.value) return null;
  }
  return heard;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
