import { describe, expect, it } from 'vitest';
import { ContractError } from '../../../collector/contract/error.js';
import { defaultContract, parseContract } from '../../../collector/contract/load.js';

/** What is wrong with a contract, as `line:column: message`. */
function problems(yaml: string | Uint8Array): string[] {
  try {
    parseContract(yaml, 'waybill.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

describe('a contract', () => {
  it('has a default for everything', () => {
    expect(parseContract('', 'waybill.yaml')).toEqual(defaultContract());
    expect(defaultContract().attributes.tenant).toEqual({ key: 'tenant.id', aliases: [], required: true });
    expect(defaultContract().gate).toMatchObject({ window: '7d', days: 3, calls: 1000, enforceableSpend: 0.99 });
  });

  it('is read as the design shows it', () => {
    const contract = parseContract(
      `attributes:
  tenant:  { key: tenant.id, aliases: [customer.id], values: { pattern: '^[a-z0-9-]+$' } }
  feature: { key: feature.id }
  policy:  { key: budget.policy.id }
services:
  web:     { role: entry }
  litellm: { role: gateway, enforces: true, binds: [tenant] }
policies:
  - { id: pro-monthly, match: { tenant: [acme, globex] }, limit: { usd: 500, per: month }, alerts: [0.5, 0.8, 1] }
gate: { window: 7d, enforceableSpend: 0.99 }
prices:
  - { provider: openai, model: my-finetune, inputPerMillion: 3, outputPerMillion: 12 }
`,
      'waybill.yaml',
    );
    expect(contract.policies[0]?.match.tenant).toEqual(['acme', 'globex']);
    expect(contract.services['litellm']).toEqual({ role: 'gateway', enforces: true, binds: ['tenant'] });
  });

  it('names the line and column of an unknown key, and the key that was meant', () => {
    expect(problems('attributes:\n  tennant: { key: x }\n')).toEqual([
      "2:3: Unknown key 'tennant' in attributes. Did you mean 'tenant'?",
    ]);
    expect(problems('services:\n  web:\n    rol: entry\n')).toEqual([
      "3:5: Unknown key 'rol' in services.web. Did you mean 'role'?",
    ]);
  });

  it('names a bad pattern, a bad value and a bad type where they stand', () => {
    expect(problems("attributes:\n  tenant:\n    values: { pattern: '[' }\n")[0]).toMatch(
      /^3:\d+: .*regular expression/,
    );
    expect(problems('gate: { enforceableSpend: 1.5 }\n')[0]).toMatch(/^1:27: in gate\.enforceableSpend: /);
    expect(problems('policies: 3\n')[0]).toMatch(/^1:11: in policies: /);
  });

  it('refuses a policy that can match nothing, and an id that is used twice', () => {
    const yaml = `attributes:
  tenant: { values: [acme] }
policies:
  - { id: a, match: { tenant: globex } }
  - { id: b, match: { tenant: 'ac*' } }
  - { id: b }
`;
    expect(problems(yaml)).toEqual([
      "6:11: The policy id 'b' is used twice.",
      "4:31: The policy 'a' can match nothing: the contract allows no tenant such as 'globex'.",
    ]);
  });

  it('refuses one key for two attributes', () => {
    expect(problems('attributes:\n  tenant: { key: x }\n  feature: { key: x }\n')).toEqual([
      "3:19: The key 'x' stands for both tenant and feature.",
    ]);
  });

  it('names the place of a YAML error, and survives what is no YAML at all', () => {
    expect(problems('a: [1,\nb: }')[0]).toMatch(/^\d+:\d+: /);
    expect(problems(Uint8Array.of(0xff, 0xfe, 0x00))).toEqual(['1:1: The file is not UTF-8 text.']);
    expect(problems('- 1\n')[0]).toMatch(/^1:1: The contract: /);
  });

  it('does not unfold a small file into a large one', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`),
    ];
    expect(problems(bomb.join('\n')).length).toBeGreaterThan(0);
  });
});
