import { describe, expect, it } from 'vitest';
import { ContractError } from '../../../collector/contract/error.js';
import { parseContract } from '../../../collector/contract/load.js';

function refusal(yaml: string | Uint8Array): ContractError {
  try {
    parseContract(yaml, 'waybill.yaml');
  } catch (error) {
    if (error instanceof ContractError) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('a hostile contract file', () => {
  it.each([
    ['lists', '['.repeat(10_000)],
    ['closed lists', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['maps', '{a: '.repeat(10_000)],
    ['lists in block style', `${'- '.repeat(10_000)}x`],
  ])('nested 10,000 deep is refused: %s', (_what, yaml) => {
    expect(refusal(yaml).message).toMatch(/^waybill\.yaml:\d+:\d+: .*nested/);
  });

  it('full of aliases of aliases is refused before it unfolds', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i += 1) lines.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]`);
    expect(refusal(lines.join('\n')).message).toMatch(/aliases/);
  });

  it('cannot reach a prototype', () => {
    expect(refusal('__proto__: { polluted: true }\n').message).toMatch(/Unknown key '__proto__'/);
    expect(refusal('constructor: { prototype: { polluted: true } }\n').message).toMatch(/Unknown key 'constructor'/);
    expect('polluted' in {}).toBe(false);
  });

  it('with a key twice, or numbers that are none, is refused', () => {
    expect(refusal('gate: { days: 1, days: 2 }\n').message).toMatch(/unique/);
    expect(refusal('gate: { days: .nan }\n').message).toMatch(/gate\.days/);
    expect(refusal('gate: { calls: .inf }\n').message).toMatch(/gate\.calls/);
    expect(refusal('policies: [{ id: a, limit: { usd: -1, per: month } }]\n').message).toMatch(/usd/);
  });

  it('full of unknown keys is refused in little time', () => {
    const before = performance.now();
    const yaml = Array.from({ length: 2_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(refusal(yaml).problems).toHaveLength(2_000);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});
