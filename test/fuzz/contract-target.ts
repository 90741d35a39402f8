import { strict as assert } from 'node:assert';
import { stringify } from 'yaml';
import { compileContract } from '../../auditor/contract.js';
import { ContractError } from '../../collector/contract/error.js';
import { parseContract } from '../../collector/contract/load.js';
import type { Random } from './choose.js';
import { onceIn, oneOf } from './choose.js';
import { mutateBytes } from './mutate-bytes.js';
import { mutateJson } from './mutate-json.js';
import type { Target } from './target.js';
import { kindOf } from './target.js';

const whole = {
  attributes: {
    tenant: { key: 'tenant.id', aliases: ['customer.id'], values: { pattern: '^[a-z0-9-]+$' } },
    feature: { key: 'feature.id', values: ['chat', 'search'] },
  },
  services: { web: { role: 'entry' }, litellm: { role: 'gateway', enforces: true, binds: ['tenant'] } },
  policies: [
    { id: 'pro', match: { tenant: ['acme', 'g*'] }, limit: { usd: 500, per: 'month' }, alerts: [0.5, 1] },
    { id: 'free', match: { feature: 'chat' } },
  ],
  signing: { keys: [{ id: 'k1', algorithm: 'HS256', secret: 'x'.repeat(32) }] },
  gate: { window: '7d', days: 3, calls: 1000, enforceableSpend: 0.99 },
  prices: [{ provider: 'openai', model: 'mine', inputPerMillion: 3, outputPerMillion: 12, from: '2026-01-01' }],
};

/** YAML by which a reader could be led astray. */
const twists: readonly [string, ...string[]] = [
  'a: &a [x]\nb: [*a, *a]\n',
  'a: &a { <<: *a }\n',
  'gate: &g { days: .nan }\n',
  'gate: { days: .inf, calls: -0 }\n',
  'policies: !!set { a }\n',
  'policies: !!binary aGVsbG8=\n',
  '? [a, b]\n: c\n',
  '%YAML 1.1\n---\ngate: { days: 0o7 }\n',
  '---\na: 1\n---\nb: 2\n',
  '__proto__: { days: 1 }\nconstructor: x\n',
  'attributes: { tenant: { values: { pattern: "(a+)+$" } } }\n',
  '- |\n  text\n- >\n  folded\n',
  '"\\ud800": 1\n',
  '[[[[[[[[[[[[[[[[',
  '{a: {a: {a: {a: {a: ',
  '*nothing\n',
  '!<tag:yaml.org,2002:timestamp> 2026-01-01\n',
];

/** The contract file. */
export const contractTarget: Target = {
  name: 'contract',
  seeds: [Buffer.from(stringify(whole)), Buffer.from(JSON.stringify(whole)), ...twists.map((one) => Buffer.from(one))],
  generate: (random: Random) => {
    const json = mutateJson(Buffer.from(JSON.stringify(whole)), Buffer.alloc(0), random);
    return onceIn(random, 3) ? Buffer.concat([Buffer.from(oneOf(random, twists)), json]) : json;
  },
  mutate: (input, other, random) => (onceIn(random, 2) ? mutateBytes : mutateJson)(input, other, random),
  check: (input) => {
    try {
      compileContract(parseContract(input, 'waybill.yaml'));
      return 'taken';
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      assert.ok(error.problems.length > 0, 'a problem');
      for (const { line, column, message } of error.problems) {
        assert.ok(line >= 1 && column >= 1 && message.length > 5, `${line}:${column}: ${message}`);
      }
      return kindOf(error.problems[0]?.message ?? '').slice(0, 28);
    }
  },
};
