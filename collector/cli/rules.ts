import { Command, Option } from 'commander';
import { allRules, rules, traceRules } from '../../auditor/rules/all.js';
import { auditExample } from '../../auditor/rules/example.js';
import type { RuleWords } from '../../auditor/rules/rule.js';
import { auditText, PLAIN_COLUMNS } from './audit-text.js';
import { UsageError } from './exit.js';
import { paint } from './paint.js';

/** `waybill rules`: lists the rules, or explains one. */
export function rulesCommand(): Command {
  return new Command('rules')
    .description('list the rules, or explain one')
    .argument('[rule]', 'id of the rule to explain')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .action((id: string | undefined, { format }: { format: 'pretty' | 'json' }) => {
      const chosen = allRules.filter((rule) => id === undefined || rule.id === id);
      if (chosen.length === 0) throw new UsageError(`There is no rule '${id ?? ''}'. 'waybill rules' lists them.`);
      if (format === 'json') {
        console.log(
          JSON.stringify(
            chosen.map((rule) => described(rule)),
            null,
            2,
          ),
        );
      } else if (id === undefined) {
        for (const rule of chosen)
          console.log(`${rule.id.padEnd(22)} ${rule.severity.padEnd(8)} ${rule.question.padEnd(12)} ${rule.summary}`);
      } else for (const rule of chosen) console.log(explain(rule));
    });
}

/** What a rule says of itself, without its code. */
function described({ id, severity, question, summary, why }: RuleWords): Omit<RuleWords, 'fix'> {
  return { id, severity, question, summary, why };
}

function explain(rule: RuleWords): string {
  return [`${rule.id} (${rule.severity}, ${rule.question})`, rule.summary, `Why: ${rule.why}`, exampleText(rule)].join(
    '\n\n',
  );
}

/** The smallest route that breaks a rule, as the audit draws it; a rule about a window of calls has only its fix. */
function exampleText(rule: RuleWords): string {
  const example = [...rules, ...traceRules].find(({ id }) => id === rule.id)?.example;
  if (example === undefined) return `Fix: ${rule.fix({ attribute: '', key: '', hop: { from: '', to: '' } })}`;
  const drawn = auditText(auditExample(example), paint(process.stdout), process.stdout.columns ?? PLAIN_COLUMNS);
  return `For example:\n\n${drawn.replace(/\n\n[^\n]*$/, '')}`;
}
