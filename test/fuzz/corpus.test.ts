import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { corpusOf } from './corpus.js';
import { inputsOf, runTarget } from './run-target.js';
import type { Target } from './target.js';
import { targets } from './targets.js';

const SEED = 20_261_125;

describe.each(targets.map(({ target }) => [target.name, target] as const))(
  'what %s is made to read',
  (name, target) => {
    it('is answered or refused with a reason: all that was ever found, and some more', async () => {
      const corpus = await corpusOf(name);
      expect(corpus.length).toBeGreaterThan(10);
      const { faults } = runTarget(target, corpus, { seed: SEED, from: 0, executions: 50 });
      expect(faults.map(({ what }) => what)).toEqual([]);
    });

    it('is the same for the same seed', () => {
      const once = inputsOf(target, target.seeds, SEED);
      const inOrder = [5, 6, 7].map((execution) => Buffer.from(once(execution)));
      expect(inputsOf(target, target.seeds, SEED)(7)).toEqual(inOrder[2]);
    });
  },
);

describe('the fuzzer', () => {
  const brittle: Target = {
    name: 'brittle',
    seeds: [Buffer.from('ab')],
    generate: () => Buffer.from('ab'),
    mutate: (input, _other, random) => Buffer.concat([input, Buffer.of(Math.floor(random() * 4))]),
    check: (input) => {
      assert.notEqual(input[2], 3, 'three is too much');
      return String(input[2]);
    },
  };

  it('tells what failed, on which input, once a place, and what gave a new kind of answer', () => {
    const { faults, news } = runTarget(brittle, [], { seed: 1, from: 0, executions: 100 });
    expect(faults).toHaveLength(1);
    expect(faults[0]?.what).toContain('three is too much');
    expect(faults[0]?.input[2]).toBe(3);
    expect(faults[0]?.input).toEqual(inputsOf(brittle, brittle.seeds, 1)(faults[0]?.execution ?? -1));
    expect([...news.keys()]).toEqual(expect.arrayContaining(['0', '1', '2']));
    expect([...news.keys()]).not.toContain('3');
    for (const [kind, input] of news) expect(String(input[2])).toBe(kind);
  });
});
