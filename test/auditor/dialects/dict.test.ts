import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDict } from '../../../auditor/dialects/dict.js';

it('reads JSON, and a Python dictionary as it is printed', () => {
  expect(parseDict('{"input":3}')).toEqual({ input: 3 });
  expect(parseDict("{'input': 3, 'details': {'cached': None, 'hit': True, 'None': False}}")).toEqual({
    input: 3,
    details: { cached: null, hit: true, None: false },
  });
});

it.each(['', 'None', "{'said': \"it's\"}", "{'a': Decimal('1')}", String.raw`{'a': '\n'}`, "{'a'", 'function () {}'])(
  'reads nothing else, and guesses nothing: %s',
  (text) => {
    expect(parseDict(text)).toBeUndefined();
  },
);

it('never throws', () => {
  const text = fc.string({ unit: fc.constantFrom('{', '}', "'", '"', ':', ',', 'None', '1', '\\', 'a') });
  fc.assert(
    fc.property(text, (one) => void parseDict(one)),
    { seed: 1, numRuns: 1_000, endOnFailure: true },
  );
});
