import { generateKeyPairSync } from 'node:crypto';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSignatureVerifier } from '../../auditor/provenance/verify-signature.js';
import { createAttributionSpanProcessor, withAttribution } from '../../instrumentation/index.js';
import type { Signing } from '../../instrumentation/index.js';
import type { SigningKey } from '../../schemas/contract.js';
import { SECRET } from '../support/signature.js';

const manager = new AsyncLocalStorageContextManager();
beforeAll(() => {
  context.setGlobalContextManager(manager.enable());
});
afterAll(() => {
  context.disable();
  manager.disable();
});

/** The signature on a span that an application starts for acme. */
function signedBy(sign: Signing) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [createAttributionSpanProcessor({ sign }), new SimpleSpanProcessor(exporter)],
  });
  withAttribution({ tenant: 'acme', feature: 'chat', policy: 'pro-monthly' }, () => {
    provider.getTracer('app').startSpan('work').end();
  });
  const [span] = exporter.getFinishedSpans();
  return { token: String(span?.attributes['attribution.signature']), traceId: span?.spanContext().traceId };
}

describe('what an application signs', () => {
  const pair = generateKeyPairSync('ed25519');
  const cases: readonly (readonly [Signing, SigningKey])[] = [
    [
      { key: SECRET, kid: 'k1', alg: 'HS256' },
      { id: 'k1', algorithm: 'HS256', secret: SECRET },
    ],
    [
      { key: pair.privateKey, kid: 'k2', alg: 'EdDSA' },
      { id: 'k2', algorithm: 'EdDSA', publicKey: pair.publicKey.export({ format: 'jwk' }).x ?? '' },
    ],
  ];

  it.each(cases)('is what the auditor verifies (%o)', (sign, key) => {
    const { token, traceId } = signedBy(sign);
    const { claims, problem } = createSignatureVerifier([key])(token);
    expect({ claims, problem }).toMatchObject({
      claims: { tenant: 'acme', feature: 'chat', policy: 'pro-monthly', tid: traceId },
      problem: null,
    });
    expect(createSignatureVerifier([{ ...key, id: 'other' }])(token).claims).toBeNull();
  });
});
