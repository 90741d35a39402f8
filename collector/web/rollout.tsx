import type { ComponentChild } from 'preact';
import { useState } from 'preact/hooks';
import type { Rollout, RolloutMode, Rollouts, RolloutTurn, ScopeMode } from '../../schemas/rollout.js';
import { Answered, Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { momentText } from './figures.js';
import { Answer } from './gate-answer.js';
import { Heads } from './heads.js';
import { RolloutForm } from './rollout-form.js';
import { WithdrawForm } from './withdraw-form.js';
import { addressIn } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';

/** How far enforcement is rolled out: what was asked for, what holds, and how it came to be so. */
export function RolloutView({ view }: Shown) {
  const [changes, setChanges] = useState(0);
  const changed = () => setChanges((before) => before + 1);
  const asked = useAnswer<Rollouts>('rollouts', changes);
  const history = useAnswer<{ turns: RolloutTurn[] }>('rollouts/history?limit=50', changes);
  const failed = [asked, history].find((one) => one.state === 'failed');
  if (failed?.state === 'failed') return <Failure message={failed.message} />;
  return (
    <div class="stack" aria-busy={[asked, history].some((one) => one.state === 'waiting')}>
      <Answered asked={asked}>
        {({ rollouts, scopes, mayChange }) => (
          <>
            <Holding scopes={scopes} view={view} />
            <Wanted rollouts={rollouts} changed={mayChange ? changed : null} />
            {mayChange ? (
              <RolloutForm view={view} changed={changed} />
            ) : (
              <p class="panel quiet">Who has an admin key may ask for another mode.</p>
            )}
          </>
        )}
      </Answered>
      <Answered asked={history}>{({ turns }) => <Turns turns={turns} />}</Answered>
    </div>
  );
}

const TONES: Readonly<Record<RolloutMode, string>> = { off: '', shadow: 'warning', enforce: 'good' };

function Mode({ of }: { readonly of: RolloutMode }) {
  return <span class={`tag ${TONES[of]}`}>{of}</span>;
}

interface ListingProps {
  readonly id: string;
  readonly title: string;
  readonly heads: readonly string[];
  /** What is said where there are no rows. */
  readonly none: string;
  readonly rows: readonly ComponentChild[];
}

/** A panel with a table. */
function Listing({ id, title, heads, none, rows }: ListingProps) {
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {rows.length === 0 ? (
        <p class="quiet">{none}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby={id}>
          <table class={id}>
            <Heads of={heads} />
            <tbody>{rows}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Holding({ scopes, view }: { readonly scopes: readonly ScopeMode[]; readonly view: ViewState }) {
  return (
    <Listing
      id="holding"
      title="What holds"
      heads={['Tenant', 'Policy', 'Holds', 'Asked', 'Gate', 'Since', 'Why']}
      none="Nothing is rolled out, or no call was seen where it is."
      rows={scopes.map((scope) => (
        <ScopeRow scope={scope} view={view} key={JSON.stringify([scope.tenant, scope.policy])} />
      ))}
    />
  );
}

function ScopeRow({ scope, view }: { readonly scope: ScopeMode; readonly view: ViewState }) {
  const { tenant, policy, mode, asked, gate, since, why } = scope;
  return (
    <tr>
      <th scope="row">
        <a href={addressIn(view, { view: 'readiness', tenant, policy: policy ?? '' })}>{tenant}</a>
      </th>
      <td>{policy ?? <em class="quiet">any</em>}</td>
      <td>
        <Mode of={mode} />
      </td>
      <td>{asked}</td>
      <td>
        <Answer of={gate} />
      </td>
      <When at={since} />
      <td>{why}</td>
    </tr>
  );
}

interface WantedProps {
  readonly rollouts: readonly Rollout[];
  /** Called when one was withdrawn; null: who looks at it may not. */
  readonly changed: (() => void) | null;
}

function Wanted({ rollouts, changed }: WantedProps) {
  return (
    <Listing
      id="wanted"
      title="What was asked for: the most specific counts"
      heads={['Tenant', 'Policy', 'Asked', 'When', 'Who', 'Why', ...(changed === null ? [] : ['Withdraw'])]}
      none="Nobody asks for a rollout: everything is off."
      rows={rollouts.map(({ tenant, policy, mode, who, why, at }) => (
        <tr key={JSON.stringify([tenant, policy])}>
          <th scope="row">
            <AnyOr name={tenant} />
          </th>
          <td>
            <AnyOr name={policy} />
          </td>
          <td class="nowrap">{mode}</td>
          <When at={at} />
          <td class="nowrap">{who}</td>
          <td>{why}</td>
          {changed !== null && (
            <td>
              <WithdrawForm tenant={tenant} policy={policy} changed={changed} />
            </td>
          )}
        </tr>
      ))}
    />
  );
}

function AnyOr({ name }: { readonly name: string | null }) {
  return name === null || name === '*' ? <em class="quiet">all</em> : <>{name}</>;
}

function When({ at }: { readonly at: string }) {
  return (
    <td class="nowrap">
      <time dateTime={at}>{momentText(at)}</time>
    </td>
  );
}

function Turns({ turns }: { readonly turns: readonly RolloutTurn[] }) {
  return (
    <Listing
      id="turns"
      title="How it came to be so"
      heads={['When', 'Tenant', 'Policy', 'What', 'Who', 'Why']}
      none="Nothing has happened yet."
      rows={turns.map(({ at, kind, tenant, policy, mode, who, why }) => (
        <tr key={JSON.stringify([at, kind, tenant, policy])}>
          <When at={at} />
          <td>
            <AnyOr name={tenant} />
          </td>
          <td>
            <AnyOr name={policy} />
          </td>
          <td class="nowrap">
            {mode === null ? (
              'withdrew it'
            ) : (
              <>
                {kind === 'asked' ? 'asked for' : 'turned'} <Mode of={mode} />
              </>
            )}
          </td>
          <td class="nowrap">{who}</td>
          <td>{why}</td>
        </tr>
      ))}
    />
  );
}
