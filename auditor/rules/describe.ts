import type { DescribedRule } from '../../schemas/described-rule.js';
import { allRules, rules, traceRules } from './all.js';
import { auditExample } from './example.js';
import type { RuleWords } from './rule.js';

/** Every rule in its own words, in the order in which findings are shown. */
export function describedRules(): DescribedRule[] {
  return allRules.map(described);
}

function described(words: RuleWords): DescribedRule {
  const { id, severity, question, summary, why, fix } = words;
  const example = [...rules, ...traceRules].find((one) => one.id === id)?.example;
  const report = example === undefined ? null : auditExample(example);
  const broken = report === null ? [] : [...report.findings, ...report.calls.flatMap((call) => call.findings)];
  return {
    id,
    severity,
    question,
    summary,
    why,
    fix:
      broken.find((finding) => finding.rule === id)?.fix ?? fix({ attribute: '', key: '', hop: { from: '', to: '' } }),
    effect: effectOf(id),
    example: report === null ? null : { calls: report.calls, findings: report.findings },
  };
}

/** What a breach does to the verdict of a call. */
export function effectOf(id: string): string {
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) return 'It belongs to no single call; the verdicts stay as they are.';
  if (rule.defeats === null) return 'It informs; the verdict stays as it is.';
  return `A call that breaks it is not ${rule.defeats}.${rule.misattributes === true ? ' It counts as misattributed.' : ''}`;
}
