import { describe, expect, it } from 'vitest';
import { rules, traceRules } from '../../../auditor/rules/all.js';
import { auditExample } from '../../../auditor/rules/example.js';

describe('the example of every rule', () => {
  it.each([...rules, ...traceRules].map((rule) => [rule.id, rule] as const))('breaks %s', (id, { example }) => {
    const { calls, findings } = auditExample(example);
    const found = [...calls.flatMap((call) => call.findings), ...findings];
    expect(found.flatMap(({ rule, related = [] }) => [rule, ...related.map((one) => one.rule)])).toContain(id);
    expect(found.filter(({ rule }) => rule === id)).toMatchSnapshot();
    // It shows the rule, and not how many things may be wrong at once.
    expect(found.filter(({ rule, severity }) => rule !== id && severity === 'error').length).toBeLessThan(4);
  });
});
