import type * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import type { Call, Finding } from '../../schemas/audit.js';
import type { contractSchema } from '../../schemas/contract.js';
import type { Span } from '../../schemas/span.js';
import { contract } from './contract.js';

type ContractFile = z.input<typeof contractSchema>;

interface Case {
  readonly spans: readonly Span[];
  readonly contract?: ContractFile;
}

interface InvalidCase extends Case {
  /** What each finding of the rule must say, in order. */
  readonly findings: readonly Partial<Finding>[];
  readonly verdict: Call['verdict'];
}

/** Cases by what they show. */
export interface RuleCases {
  /** Routes that look alike but do not break the rule. */
  readonly valid: Readonly<Record<string, Case>>;
  /** Routes that break it. */
  readonly invalid: Readonly<Record<string, InvalidCase>>;
}

/** Tests a rule by examples: every valid route must be silent about it, every invalid one must say what is expected. */
export function testRule(id: string, { valid, invalid }: RuleCases): void {
  const audit = ({ spans, contract: file }: Case): readonly Call[] => auditTrace(spans, contract(file)).calls;
  const findingsOf = (calls: readonly Call[]): Finding[] => {
    const found = calls.flatMap(({ findings }) => findings);
    expect(found.filter(({ rule }) => rule === 'rule-failed')).toEqual([]);
    return found.filter(({ rule }) => rule === id);
  };

  describe(id, () => {
    for (const [name, one] of Object.entries(valid)) {
      it(`is silent: ${name}`, () => {
        const calls = audit(one);
        expect(calls.length).toBeGreaterThan(0);
        expect(findingsOf(calls)).toEqual([]);
      });
    }
    for (const [name, one] of Object.entries(invalid)) {
      it(`speaks up: ${name}`, () => {
        const calls = audit(one);
        const findings = findingsOf(calls);
        expect(findings).toMatchObject(one.findings);
        expect(findings).toHaveLength(one.findings.length);
        expect(calls.at(-1)?.verdict).toBe(one.verdict);
        for (const { message, fix } of findings) {
          expect(message).toMatch(/^\S.*[.]$/s);
          expect(fix.length).toBeGreaterThan(10);
        }
      });
    }
  });
}
