import { Document, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { ProposedContract } from '../../auditor/propose-contract.js';

/** Writes a proposed contract as YAML, with what was seen beside each line, for a person to correct. */
export function proposedYaml(proposal: ProposedContract, { since, traces }: { since: string; traces: number }): string {
  const { attributes, services, policies } = proposal;
  const document = new Document({
    attributes: Object.fromEntries(
      attributes.map(({ name, key, aliases, values }) => [
        name,
        {
          key,
          ...(aliases.length === 0 ? {} : { aliases: aliases.map((alias) => alias.key) }),
          ...(values === null ? {} : { values }),
        },
      ]),
    ),
    ...(services.length === 0
      ? {}
      : { services: Object.fromEntries(services.map(({ name, role }) => [name, { role }])) }),
  });
  document.commentBefore = ` Proposed by 'waybill contract init' from ${traces} traces of the last ${since}. Correct what is wrong: an alias that
 is no tenant, a service that is no gateway. Say which service blocks (enforces: true), and which reads the
 tenant from a credential (binds: [tenant]).`;
  for (const { name, share, aliases } of attributes) {
    comment(document.getIn(['attributes', name, 'key'], true), percent(share));
    const list = document.getIn(['attributes', name, 'aliases'], true);
    if (isSeq(list)) list.items.forEach((item, i) => comment(item, percent(aliases[i]?.share ?? 0)));
    flow(document.getIn(['attributes', name, 'values'], true));
  }
  const named = document.get('services', true);
  if (isMap(named)) {
    for (const pair of named.items) {
      const calls = services.find(({ name }) => isScalar(pair.key) && pair.key.value === name)?.calls ?? 0;
      flow(pair.value);
      if (isPair(pair) && isMap(pair.value)) pair.value.comment = ` ${calls} calls`;
    }
  }
  const limits = policies.map(
    (id) => `#   - { id: ${JSON.stringify(id)}, match: { tenant: [] }, limit: { usd: 100, per: month } }\n`,
  );
  const hint = `\n# The policies that calls name. Fill in whom each covers, and what it allows.\n# policies:\n`;
  return String(document) + (limits.length === 0 ? '' : hint + limits.join(''));
}

function comment(node: unknown, text: string): void {
  if (isScalar(node)) node.comment = ` ${text}`;
}

function flow(node: unknown): void {
  if (isMap(node) || isSeq(node)) node.flow = true;
}

function percent(share: number): string {
  return share === 0 ? 'not seen' : `in ${Math.max(1, Math.round(share * 100))} % of the traces`;
}
