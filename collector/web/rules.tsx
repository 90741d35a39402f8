import type { DescribedRule } from '../../schemas/described-rule.js';
import { Answered, Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { Heads } from './heads.js';
import { RouteTable } from './route-table.js';
import { addressIn } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';
import { Prose, Severity } from './words.js';

/** The rules, as their own objects describe them. */
export function Rules({ view }: Shown) {
  const asked = useAnswer<{ rules: DescribedRule[] }>('rules');
  if (asked.state === 'failed') return <Failure message={asked.message} />;
  return (
    <div class="stack" aria-busy={asked.state === 'waiting'}>
      <Answered asked={asked}>
        {({ rules }) =>
          view.rule === '' ? <RuleTable rules={rules} view={view} /> : <Chosen rules={rules} view={view} />
        }
      </Answered>
    </div>
  );
}

interface RulesProps {
  readonly rules: readonly DescribedRule[];
  readonly view: ViewState;
}

function RuleTable({ rules, view }: RulesProps) {
  return (
    <section class="panel" aria-labelledby="rules">
      <h2 id="rules">{rules.length} rules</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="rules">
        <table class="rules">
          <Heads of={['Question', 'Rule', 'Severity', 'Broken when']} />
          <tbody>
            {rules.map(({ id, question, severity, summary }) => (
              <tr key={id}>
                <td class="quiet">{question}</td>
                <td>
                  <a class="nowrap" href={addressIn(view, { rule: id })}>
                    {id}
                  </a>
                </td>
                <td>
                  <Severity of={severity} />
                </td>
                <td>{summary}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Chosen({ rules, view }: RulesProps) {
  const rule = rules.find(({ id }) => id === view.rule);
  return (
    <>
      <p>
        <a href={addressIn(view, { rule: '' })}>All rules</a>
      </p>
      {rule === undefined ? <Failure message={`There is no rule '${view.rule}'.`} /> : <RulePanel rule={rule} />}
    </>
  );
}

function RulePanel({ rule }: { readonly rule: DescribedRule }) {
  const { id, severity, question, summary, why, fix, effect, example } = rule;
  return (
    <section class="panel" aria-labelledby="rule">
      <h2 id="rule">
        {id} <Severity of={severity} /> <span class="tag">{question}</span>
      </h2>
      <p>{summary}</p>
      <dl class="facts prose">
        <dt>Why it matters</dt>
        <dd>
          <Prose text={why} />
        </dd>
        <dt>What it does</dt>
        <dd>{effect}</dd>
        <dt>Fix</dt>
        <dd>
          <Prose text={fix} />
        </dd>
      </dl>
      {example === null ? (
        <p class="quiet">Only a whole window of calls shows it, so there is no route to draw.</p>
      ) : (
        <>
          <h3 class="apart">For example</h3>
          {example.calls.map((call) => (
            <RouteTable call={call} label={`A route that breaks ${id}`} key={call.spanId} />
          ))}
          {[...example.calls.flatMap(({ findings }) => findings), ...example.findings]
            .filter((finding) => finding.rule === id || finding.related?.some((one) => one.rule === id) === true)
            .map(({ rule: broken, message }) => (
              <p key={message}>
                <strong>{broken}</strong> {message}
              </p>
            ))}
        </>
      )}
    </section>
  );
}
