import { Command, Option } from 'commander';
import { allRules } from '../../auditor/rules/all.js';
import type { RuleWords } from '../../auditor/rules/rule.js';
import { UsageError } from './exit.js';

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
  const fix = rule.fix({ attribute: 'tenant', key: 'tenant.id', hop: { from: 'agent', to: 'gateway' } });
  return `${rule.id} (${rule.severity}, ${rule.question})\n\n${rule.summary}\n\nWhy: ${rule.why}\n\nFix, for example: ${fix}`;
}
