import { useState } from 'preact/hooks';
import type { Gap, GateAnswer, GateCheck } from '../../schemas/gate.js';
import type { Simulation } from '../../schemas/simulation.js';
import { Answered, Failure } from './answered.js';
import { ask, messageOf, useAnswer } from './ask.js';
import { download } from './download.js';
import type { KeptAnswer } from './evidence.js';
import { evidenceOf } from './evidence.js';
import { evidenceHtml } from './evidence-html.js';
import { evidenceMarkdown } from './evidence-markdown.js';
import { momentText, percentText } from './figures.js';
import { GatePanel } from './gate-panel.js';
import { DecisionTable } from './decision-table.js';
import { Answer } from './gate-answer.js';
import { CHECKS, HOLDS, scopeText } from './gate-words.js';
import { Heads } from './heads.js';
import { ScopeGates } from './scope-gates.js';
import { queryOf } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';
import { WhatIf } from './what-if.js';

/** Per tenant and policy: the gate's checks, the history of its answers, what blocking would have done, the evidence. */
export function Readiness({ view }: Shown) {
  const query = queryOf(view);
  const [kept, setKept] = useState(0);
  const [simulation, setSimulation] = useState<Simulation | null>(null);
  const gate = useAnswer<GateAnswer>(`gate?${query.toString()}&keep=false`, kept);
  const gaps = useAnswer<{ gaps: Gap[] }>(`gaps?${query.toString()}&severity=error,warning&limit=50`);
  const scope = new URLSearchParams(query);
  scope.delete('since');
  const history = useAnswer<{ answers: KeptAnswer[] }>(`gate/history?${scope.toString()}`, kept);
  const failed = [gate, gaps, history].find((one) => one.state === 'failed');
  if (failed?.state === 'failed') return <Failure message={failed.message} />;
  return (
    <div class="stack" aria-busy={[gate, gaps, history].some((one) => one.state === 'waiting')}>
      <ScopeGates view={view} title="By tenant and policy" first={8} />
      <Answered asked={gate}>
        {(answer) => (
          <>
            <div class="overview">
              <GatePanel answer={answer} view={view} />
              <Checks answer={answer} />
            </div>
            <DecisionTable view={view} />
            <WhatIf view={view} simulation={simulation} found={setSimulation} key={`${view.policy} ${view.since}`} />
            <Answered asked={history}>
              {({ answers }) => (
                <>
                  <History answers={answers} />
                  <Evidence
                    view={view}
                    make={() =>
                      evidenceOf({
                        gate: answer,
                        gaps: gaps.state === 'answered' ? gaps.answer.gaps : [],
                        history: answers,
                        simulation,
                        madeAt: new Date().toISOString(),
                      })
                    }
                    kept={() => setKept((before) => before + 1)}
                  />
                </>
              )}
            </Answered>
          </>
        )}
      </Answered>
    </div>
  );
}

function Checks({ answer }: { readonly answer: GateAnswer }) {
  return (
    <section class="panel" aria-labelledby="checks">
      <h2 id="checks">Checks for {scopeText(answer.scope)}</h2>
      <table class="checks">
        <Heads of={['Check', 'Observed', 'Required']} />
        <tbody>
          {answer.checks.map((check) => (
            <CheckRow check={check} key={check.id} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function CheckRow({ check: { id, holds, observed, required } }: { readonly check: GateCheck }) {
  const { sign, text, tone } = HOLDS[holds];
  return (
    <tr>
      <th scope="row">
        <span class={`tag ${tone}`} title={text}>
          <span aria-hidden="true">{sign}</span>
          <span class="unseen">{text}: </span>
        </span>{' '}
        {CHECKS[id]}
      </th>
      <td>{observed}</td>
      <td class="quiet">{required}</td>
    </tr>
  );
}

function History({ answers }: { readonly answers: readonly KeptAnswer[] }) {
  return (
    <section class="panel" aria-labelledby="history">
      <h2 id="history">Answers that were kept</h2>
      {answers.length === 0 ? (
        <p class="quiet">
          None for exactly this scope. <code>waybill gate</code> keeps its answers, and so does the button below.
        </p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="history">
          <table>
            <Heads of={['Asked', 'Answer', { number: 'Score' }, 'First blocker']} />
            <tbody>
              {answers.map(({ askedAt, answer: { answer, score, blockers } }) => (
                <tr key={askedAt}>
                  <td class="nowrap">
                    <time dateTime={askedAt}>{momentText(askedAt)}</time>
                  </td>
                  <td>
                    <Answer of={answer} />
                  </td>
                  <td class="number">{percentText(score.score)}</td>
                  <td>{blockers[0]?.message ?? <span class="quiet">none</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

interface EvidenceProps {
  readonly view: ViewState;
  readonly make: () => ReturnType<typeof evidenceOf>;
  readonly kept: () => void;
}

/** Hands the evidence out, and has an answer kept. */
function Evidence({ view, make, kept }: EvidenceProps) {
  const [trouble, setTrouble] = useState<string | null>(null);
  const name = ['waybill-evidence', view.tenant, view.policy].filter((part) => part !== '').join('-');
  const fileName = name.replaceAll(/[^\w.-]+/g, '_');
  const keep = () => {
    ask<GateAnswer>(`gate?${queryOf(view).toString()}`).then(
      () => {
        setTrouble(null);
        kept();
      },
      (error: unknown) => setTrouble(messageOf(error)),
    );
  };
  return (
    <section class="panel" aria-labelledby="evidence">
      <h2 id="evidence">Evidence for a change request</h2>
      <p class="quiet">
        What this view shows, in one file: the checks, the blockers with their fixes, the gaps, the kept answers, and
        the what-if where it was run.
      </p>
      <p class="actions">
        <button type="button" onClick={() => download(`${fileName}.html`, 'text/html', evidenceHtml(make()))}>
          Export as HTML
        </button>
        <button type="button" onClick={() => download(`${fileName}.md`, 'text/markdown', evidenceMarkdown(make()))}>
          Export as Markdown
        </button>
        <button type="button" onClick={keep}>
          Ask the gate and keep the answer
        </button>
      </p>
      {trouble !== null && <Failure message={trouble} />}
    </section>
  );
}
