import { testRule } from '../../support/rule-tester.js';
import { freshClaims, SECRET, signed } from '../../support/signature.js';
import type { CarriedValues } from '../../support/trace.js';
import { clean, trace } from '../../support/trace.js';

const keys = { signing: { keys: [{ id: 'k1', algorithm: 'HS256' as const, secret: SECRET }] } };

/** The signature stands at the edge; what the gateway shows may differ. */
const withToken = (token: string, atWeb: CarriedValues = clean) =>
  trace()
    .station('web', {}, { attributes: [...attributes(atWeb), 'attribution.signature', token] })
    .station('litellm', clean)
    .call('gpt-4o').spans;

function attributes({ tenant = '', feature = '', policy = '' }: CarriedValues): string[] {
  return ['tenant.id', tenant, 'feature.id', feature, 'budget.policy.id', policy];
}

testRule('forged', {
  valid: {
    'the signature holds': { spans: withToken(signed()), contract: keys },
    'it was made within the minute by which clocks may differ': {
      spans: withToken(signed({ ...freshClaims, iat: freshClaims.iat + 60 })),
      contract: keys,
    },
    'it says nothing of the policy, which may then be anything': {
      spans: withToken(signed({ ...freshClaims, policy: undefined }), { ...clean, policy: 'trial' }),
      contract: keys,
    },
    'nothing is signed': { spans: trace().station('web', clean).call('gpt-4o').spans, contract: keys },
    'the contract lists no keys, so nobody can tell': { spans: withToken('nonsense') },
  },
  invalid: {
    'it was made for another trace': {
      spans: withToken(signed({ ...freshClaims, tid: 'f'.repeat(32) })),
      contract: keys,
      findings: [{ message: `The signature at web was made for another trace, ${'f'.repeat(32)}.` }],
      verdict: 'attributed',
    },
    'the tenant was changed after it was signed': {
      spans: withToken(signed(), { ...clean, tenant: 'globex' }),
      contract: keys,
      findings: [
        { attribute: 'tenant', message: "The signature at web is for tenant 'acme', and the span says 'globex'." },
      ],
      verdict: 'attributed',
    },
    'its key is unknown': {
      spans: withToken(signed(freshClaims, SECRET, { alg: 'HS256', kid: 'k2' })),
      contract: keys,
      findings: [{ message: "The signature at web names the key 'k2', which the contract does not list." }],
      verdict: 'attributed',
    },
    'another secret made it': {
      spans: withToken(signed(freshClaims, 'some other secret of more than thirty-two characters')),
      contract: keys,
      findings: [{ message: "The signature at web was not made with the key 'k1'." }],
      verdict: 'attributed',
    },
    'what is signed was changed under the signature': {
      spans: withToken(
        signed().replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify({ ...freshClaims, tenant: 'globex' })).toString('base64url')}.`,
        ),
      ),
      contract: keys,
      findings: [{ message: "The signature at web was not made with the key 'k1'." }],
      verdict: 'attributed',
    },
    'it had expired over a minute before the call': {
      spans: withToken(signed({ ...freshClaims, exp: freshClaims.iat - 60 })),
      contract: keys,
      findings: [{ message: 'The signature at web had expired when the call began.' }],
      verdict: 'attributed',
    },
    'it was made after the call': {
      spans: withToken(signed({ ...freshClaims, iat: freshClaims.iat + 70 })),
      contract: keys,
      findings: [{ message: 'The signature at web was made after the call.' }],
      verdict: 'attributed',
    },
    'the token asks for no algorithm, as attackers do': {
      spans: withToken(signed(freshClaims, SECRET, { alg: 'none', kid: 'k1' })),
      contract: keys,
      findings: [{ message: 'The signature at web is not readable.' }],
      verdict: 'attributed',
    },
    'the token asks for another algorithm than its key is for': {
      spans: withToken(signed(freshClaims, SECRET, { alg: 'EdDSA', kid: 'k1' })),
      contract: keys,
      findings: [{ message: "The signature at web is made with EdDSA, but the key 'k1' is for HS256." }],
      verdict: 'attributed',
    },
    'it is no signature at all': {
      spans: withToken('ey.ey'),
      contract: keys,
      findings: [{ message: 'The signature at web is not readable.' }],
      verdict: 'attributed',
    },
    'it has more parts than a signature has': {
      spans: withToken(`${signed()}.x`),
      contract: keys,
      findings: [{ message: 'The signature at web is not readable.' }],
      verdict: 'attributed',
    },
  },
});
