import { rule } from './rule.js';

export const forged = rule({
  id: 'forged',
  severity: 'error',
  question: 'provenance',
  defeats: 'enforceable',
  misattributes: true,
  summary: 'A signed attribution does not verify.',
  why: 'A signature that was made for another trace or tenant, with an unknown key, or too long ago vouches for nothing: it is a replay, a change on the way, or a key that was never rolled out.',
  fix: () =>
    'Sign where the request is authenticated and let nobody behind it change what is signed; list the key in the contract under signing.keys.',
  example: {
    route: ['web all attribution.signature=not-a-signature call=gpt-4o in=1000 out=100'],
    contract: {
      signing: { keys: [{ id: 'k1', algorithm: 'HS256', secret: 'known to the edge and the auditor only' }] },
    },
  },
  when: ({ signatures }) => signatures.length > 0,
  *check({ signatures, stations }) {
    for (const { problem, attribute, spanId, station } of signatures) {
      if (problem === null) continue;
      yield {
        ...(attribute === null ? {} : { attribute }),
        spanId,
        message: `The signature at ${stations[station]?.service ?? ''} ${problem}.`,
      };
    }
  },
});
