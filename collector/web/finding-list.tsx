import type { Finding } from '../../schemas/audit.js';
import { addressIn } from './view-state.js';
import type { ViewState } from './view-state.js';
import { Prose, Severity } from './words.js';

/** Broken rules, each with what to do about it. */
export function FindingList({ findings, view }: { readonly findings: readonly Finding[]; readonly view: ViewState }) {
  if (findings.length === 0) return <p class="quiet">No rule is broken here.</p>;
  return (
    <ul class="findings">
      {findings.map((finding) => (
        <li key={JSON.stringify([finding.rule, finding.attribute, finding.spanId])}>
          <p>
            <Severity of={finding.severity} />{' '}
            <a href={addressIn(view, { view: 'rules', rule: finding.rule })}>
              <strong>{finding.rule}</strong>
            </a>{' '}
            {finding.message}
          </p>
          <p>
            <strong>Fix:</strong> <Prose text={finding.fix} />
            {finding.hop !== null && (
              <>
                {' '}
                <a href={addressIn(view, { view: 'hops', ...finding.hop })}>
                  All gaps at {finding.hop.from} → {finding.hop.to}
                </a>
              </>
            )}
          </p>
          {finding.related?.map(({ rule, message, fix }) => (
            <p class="quiet" key={rule}>
              {rule}: {message} {fix}
            </p>
          ))}
        </li>
      ))}
    </ul>
  );
}
