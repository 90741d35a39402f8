import { useState } from 'preact/hooks';
import type { GateAnswer } from '../../schemas/gate.js';
import type { ScopeRow } from '../store/questions/scopes.js';
import { Answered } from './answered.js';
import { useAnswer, useAnswers } from './ask.js';
import type { Asked } from './ask.js';
import { countText, percentText } from './figures.js';
import { Answer } from './gate-answer.js';
import { Heads } from './heads.js';
import { Usd } from './usd.js';
import { addressIn } from './view-state.js';
import type { ViewState } from './view-state.js';

const MORE = 10;

interface ScopeGatesProps {
  readonly view: ViewState;
  readonly title: string;
  /** How many to ask about at first. */
  readonly first: number;
}

/**
 * The gate's answer for each tenant and policy, with its first blocker; most spend first. The overview keeps to its
 * tenant, and readiness lists all, to choose from.
 */
export function ScopeGates({ view, title, first }: ScopeGatesProps) {
  const [most, setMost] = useState(first);
  const tenant = view.view === 'overview' ? view.tenant : '';
  const params = new URLSearchParams({ since: view.since, limit: '1000', ...(tenant === '' ? {} : { tenant }) });
  const asked = useAnswer<{ scopes: ScopeRow[] }>(`scopes?${params.toString()}`);
  return (
    <Answered asked={asked}>
      {({ scopes }) => {
        // A question about a tenant is about calls of others too, where it got their blame.
        const rows = scopes.filter((row) => tenant === '' || row.tenant === tenant);
        return (
          <section class="panel wide" aria-labelledby="scopes">
            <h2 id="scopes">{title}</h2>
            {rows.length === 0 ? (
              <p class="quiet">Nobody has calls in this scope and time.</p>
            ) : (
              <Rows rows={rows.slice(0, most)} view={view} />
            )}
            {rows.length > most && (
              <button type="button" class="plain" onClick={() => setMost(most + MORE)}>
                Show {Math.min(MORE, rows.length - most)} more of {rows.length - most}
              </button>
            )}
          </section>
        );
      }}
    </Answered>
  );
}

function Rows({ rows, view }: { readonly rows: readonly ScopeRow[]; readonly view: ViewState }) {
  const questions = rows.map((row) => gateQuestion(row, view.since));
  const answers = useAnswers<GateAnswer>(questions.filter((one) => one !== null));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-labelledby="scopes">
      <table class="scopes">
        <Heads
          of={[
            'Tenant',
            'Policy',
            { number: 'Spend' },
            { number: 'Calls' },
            { number: 'Score' },
            'Gate',
            'First blocker',
          ]}
        />
        <tbody>
          {rows.map((row, i) => (
            <Row row={row} asked={answers.get(questions[i] ?? '')} view={view} key={questions[i] ?? i} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly row: ScopeRow;
  readonly asked: Asked<GateAnswer> | undefined;
  readonly view: ViewState;
}

function Row({ row, asked, view }: RowProps) {
  const { tenant, policy, costUsd, unknownCost, calls } = row;
  const isChosen = view.view === 'readiness' && view.tenant === tenant && view.policy === (policy ?? '');
  return (
    <tr class={isChosen ? 'chosen' : undefined}>
      <th scope="row">
        {tenant === null ? (
          <em class="quiet">unattributed</em>
        ) : (
          <a
            href={addressIn(view, { view: 'readiness', tenant, policy: policy ?? '' })}
            aria-current={isChosen ? 'true' : undefined}
          >
            {tenant}
          </a>
        )}
      </th>
      <td>{policy ?? <em class="quiet">none</em>}</td>
      <td class="number">{unknownCost === calls ? <span class="unknown">unknown</span> : <Usd amount={costUsd} />}</td>
      <td class="number">{countText(calls)}</td>
      <GateCells asked={asked} isAskable={tenant !== null} />
    </tr>
  );
}

function GateCells({
  asked,
  isAskable,
}: {
  readonly asked: Asked<GateAnswer> | undefined;
  readonly isAskable: boolean;
}) {
  if (!isAskable) {
    return (
      <>
        <td />
        <td />
        <td class="quiet">No tenant is named at any station, so no gate can hold for it.</td>
      </>
    );
  }
  if (asked?.state === 'failed') return <td colSpan={3}>{asked.message}</td>;
  if (asked?.state !== 'answered') {
    return (
      <td class="quiet asking" colSpan={3}>
        Asking …
      </td>
    );
  }
  const { answer, score, blockers } = asked.answer;
  return (
    <>
      <td class="number">{percentText(score.score)}</td>
      <td>
        <Answer of={answer} />
      </td>
      <td>{blockers[0]?.message ?? <span class="quiet">none</span>}</td>
    </>
  );
}

/** Only looked at: it is kept as evidence when somebody asks for that. */
function gateQuestion({ tenant, policy }: ScopeRow, since: string): string | null {
  if (tenant === null) return null;
  const params = new URLSearchParams({ tenant, ...(policy === null ? {} : { policy }), since, keep: 'false' });
  return `gate?${params.toString()}`;
}
