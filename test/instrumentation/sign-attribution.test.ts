import { generateKeyPairSync } from 'node:crypto';
import { context, propagation, trace } from '@opentelemetry/api';
import { compactVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAttributionPropagator } from '../../instrumentation/attribution-propagator.js';
import { createAttributionSpanProcessor } from '../../instrumentation/attribution-span-processor.js';
import { setAttribution, withAttribution } from '../../instrumentation/attribution.js';
import { attributionHeaders, fromHeaders } from '../../instrumentation/carry-attribution.js';
import { createSigner } from '../../instrumentation/sign-attribution.js';
import { SIGNATURE_KEY, signatureClaimsSchema, signatureHeaderSchema } from '../../schemas/signature.js';
import type { Otel } from '../support/otel.js';
import { startOtel } from '../support/otel.js';

const SECRET = 'a shared secret of more than 32 bytes';
const sign = { key: SECRET, kid: 'k1', alg: 'HS256' } as const;
const TRACE = '0af7651916cd43dd8448eb211c80319c';

let otel: Otel;
beforeEach(() => {
  otel = startOtel(createAttributionSpanProcessor({ sign }), createAttributionPropagator({ sign }));
});
afterEach(() => otel.stop());

async function read(jws: unknown, key: Parameters<typeof compactVerify>[1] = new TextEncoder().encode(SECRET)) {
  const { payload, protectedHeader } = await compactVerify(String(jws), key);
  const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
  return { header: signatureHeaderSchema.parse(protectedHeader), claims: signatureClaimsSchema.parse(claims) };
}

/** Runs `fn` in a span, and returns the signature that the span shows. */
function signatureOf(fn: () => void): unknown {
  trace.getTracer('test').startActiveSpan('work', (span) => {
    fn();
    span.end();
  });
  return otel.spans().at(-1)?.attributes[SIGNATURE_KEY];
}

describe('a signature', () => {
  it.each(['HS256', 'EdDSA'] as const)('by %s verifies, for 15 minutes, with another implementation', async (alg) => {
    const pair = generateKeyPairSync('ed25519');
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
    const signer = createSigner({ key: alg === 'HS256' ? SECRET : pem, kid: 'k2', alg });
    const jws = signer?.({ tenant: 'acme', policy: 'pro', user: 'u-1' }, TRACE, 1_700_000_000_900);
    expect(await read(jws, alg === 'HS256' ? undefined : pair.publicKey)).toEqual({
      header: { alg, kid: 'k2' },
      claims: { tenant: 'acme', policy: 'pro', tid: TRACE, iat: 1_700_000_000, exp: 1_700_000_900 },
    });
  });

  it('is used again in its trace for half of its time, and never in another trace', () => {
    const signer = createSigner(sign);
    const at = (nowMs: number, traceId = TRACE) => signer?.({ tenant: 'acme' }, traceId, nowMs);
    const first = at(0);
    expect(at(449_000)).toBe(first);
    expect(at(449_000, TRACE.replace('0', '1'))).not.toBe(first);
    expect(at(451_000)).not.toBe(first);
  });

  it('is on the span and in the baggage, over the trace and what was said here', async () => {
    let headers: Record<string, string> = {};
    const shown = withAttribution({ tenant: 'acme', feature: 'chat' }, () =>
      signatureOf(() => (headers = attributionHeaders())),
    );
    const traceId = otel.spans()[0]?.spanContext().traceId;
    expect((await read(shown)).claims).toMatchObject({ tenant: 'acme', feature: 'chat', tid: traceId });
    expect(headers['baggage']).toBe(`tenant.id=acme,feature.id=chat,${SIGNATURE_KEY}=${String(shown)}`);
  });

  it('follows what is said late', async () => {
    const shown = withAttribution({ tenant: 'acme' }, () => signatureOf(() => setAttribution({ tenant: 'globex' })));
    expect((await read(shown)).claims.tenant).toBe('globex');
  });

  it('is never made over what only a caller said, and what a caller signed goes along', () => {
    const heard = (baggage: string) => fromHeaders({ baggage }, () => signatureOf(() => undefined));
    expect(heard('tenant.id=acme')).toBeUndefined();
    expect(heard(`tenant.id=acme,${SIGNATURE_KEY}=a.b.c`)).toBe('a.b.c');
  });

  it('goes when a process that cannot sign says something else', async () => {
    await otel.stop();
    otel = startOtel();
    const signed = { baggage: `tenant.id=acme,${SIGNATURE_KEY}=a.b.c` };
    fromHeaders(signed, () => {
      expect(signatureOf(() => setAttribution({ tenant: 'globex' }))).toBeUndefined();
      expect(withAttribution({ tenant: 'acme' }, attributionHeaders)['baggage']).toContain('a.b.c');
      withAttribution({ tenant: 'globex' }, () => {
        expect(attributionHeaders()).toEqual({ baggage: 'tenant.id=globex' });
        expect(propagation.getBaggage(context.active())?.getEntry(SIGNATURE_KEY)).toBeUndefined();
      });
    });
  });
});

describe('a key that cannot be used', () => {
  it.each([
    ['too short', { ...sign, key: 'short' }],
    ['without a name', { ...sign, kid: '' }],
    ['no private key', { ...sign, alg: 'EdDSA' as const }],
    ['no time', { ...sign, expiryMs: Number.NaN }],
  ])('%s leaves attribution unsigned and does not throw', (_, signing) => {
    expect(createSigner(signing)).toBeNull();
  });
});
