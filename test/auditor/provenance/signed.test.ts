import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { freshClaims, SECRET, signed } from '../../support/signature.js';
import { clean, trace } from '../../support/trace.js';

const keys = contract({ signing: { keys: [{ id: 'k1', algorithm: 'HS256', secret: SECRET }] } });

function tenantOf(spans: readonly Span[], judged = keys) {
  const [call] = auditTrace(spans, judged).calls;
  return { ...call?.attributes['tenant'], verdict: call?.verdict, misattributed: call?.misattributed, call };
}

const edge = (token: string) => [
  'tenant.id',
  'acme',
  'feature.id',
  'chat',
  'budget.policy.id',
  'pro-monthly',
  'attribution.signature',
  token,
];

describe('a signed tenant', () => {
  const spans = trace()
    .station('web', {}, { attributes: edge(signed()) })
    .station('litellm', clean)
    .call('gpt-4o').spans;

  it('has the best provenance, from the station that carries the signature on', () => {
    expect(tenantOf(spans)).toMatchObject({ provenance: 'signed', verdict: 'enforceable', misattributed: false });
  });

  it('is only claimed where the signature does not hold, and is then misattributed', () => {
    const replayed = trace(2)
      .station('web', {}, { attributes: edge(signed()) })
      .station('litellm', clean)
      .call('gpt-4o').spans;
    expect(tenantOf(replayed)).toMatchObject({ provenance: 'asserted', verdict: 'attributed', misattributed: true });
  });

  it('is only claimed where something else was signed', () => {
    const other = trace()
      .station('web', {}, { attributes: edge(signed({ ...freshClaims, tenant: undefined })) })
      .call('gpt-4o', undefined, clean).spans;
    expect(tenantOf(other)).toMatchObject({ provenance: 'asserted' });
    expect(tenantOf(other).call?.findings.map(({ rule }) => rule)).toContain('caller-asserted');
  });

  it('may come late, if it is signed at or before the enforcement point', () => {
    const enforcing = contract({
      services: { litellm: { enforces: true } },
      signing: { keys: [{ id: 'k1', algorithm: 'HS256', secret: SECRET }] },
    });
    const late = trace()
      .station('web')
      .station('agent', {}, { attributes: edge(signed()) })
      .station('litellm', clean)
      .call('gpt-4o').spans;
    expect(tenantOf(late, enforcing)).toMatchObject({ outcome: 'late', verdict: 'enforceable' });
    const tooLate = trace()
      .station('web')
      .station('litellm', clean)
      .station('agent', {}, { attributes: edge(signed()) })
      .call('gpt-4o', undefined, clean).spans;
    expect(tenantOf(tooLate, enforcing)).toMatchObject({ provenance: 'signed', verdict: 'attributed' });
  });

  it('may be signed with Ed25519, and keys may be rotated by their id', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const x = publicKey.export({ format: 'jwk' }).x ?? '';
    const rotated = contract({
      signing: {
        keys: [
          { id: 'k1', algorithm: 'HS256', secret: SECRET },
          { id: 'k2', algorithm: 'EdDSA', publicKey: x },
        ],
      },
    });
    for (const token of [signed(), signed(freshClaims, privateKey, { alg: 'EdDSA', kid: 'k2' })]) {
      const one = trace()
        .station('web', {}, { attributes: edge(token) })
        .call('gpt-4o', undefined, clean).spans;
      expect(tenantOf(one, rotated)).toMatchObject({ provenance: 'signed' });
    }
    const foreign = generateKeyPairSync('ed25519').privateKey;
    const forged = trace()
      .station('web', {}, { attributes: edge(signed(freshClaims, foreign, { alg: 'EdDSA', kid: 'k2' })) })
      .call('gpt-4o', undefined, clean).spans;
    expect(tenantOf(forged, rotated)).toMatchObject({ provenance: 'asserted', misattributed: true });
  });
});
