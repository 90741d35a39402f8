import { useState } from 'preact/hooks';
import type { Rollout, RolloutMode, Rollouts, RolloutTurn, ScopeMode } from '../../schemas/rollout.js';
import { Answered, Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { momentText } from './figures.js';
import { Answer } from './gate-answer.js';
import { Heads } from './heads.js';
import { RolloutForm } from './rollout-form.js';
import { addressIn } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';

/** How far enforcement is rolled out: what was asked for, what holds, and how it came to be so. */
export function RolloutView({ view }: Shown) {
  const [changes, setChanges] = useState(0);
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
            <Wanted rollouts={rollouts} />
            {mayChange ? (
              <RolloutForm view={view} changed={() => setChanges((before) => before + 1)} />
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

function Holding({ scopes, view }: { readonly scopes: readonly ScopeMode[]; readonly view: ViewState }) {
  return (
    <section class="panel" aria-labelledby="holding">
      <h2 id="holding">What holds</h2>
      {scopes.length === 0 ? (
        <p class="quiet">Nothing is rolled out, or no call was seen where it is.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="holding">
          <table class="holding">
            <Heads of={['Tenant', 'Policy', 'Holds', 'Asked', 'Gate', 'Since', 'Why']} />
            <tbody>
              {scopes.map((scope) => (
                <ScopeRow scope={scope} view={view} key={JSON.stringify([scope.tenant, scope.policy])} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
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
      <td class="nowrap">
        <time dateTime={since}>{momentText(since)}</time>
      </td>
      <td>{why}</td>
    </tr>
  );
}

function Wanted({ rollouts }: { readonly rollouts: readonly Rollout[] }) {
  return (
    <section class="panel" aria-labelledby="wanted">
      <h2 id="wanted">What was asked for</h2>
      {rollouts.length === 0 ? (
        <p class="quiet">Nobody has asked for a rollout: everything is off.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="wanted">
          <table class="wanted">
            <Heads of={['Tenant', 'Policy', 'Asked', 'When', 'Who', 'Why']} />
            <tbody>
              {rollouts.map(({ tenant, policy, mode, who, why, at }) => (
                <tr key={JSON.stringify([tenant, policy])}>
                  <th scope="row">
                    <AnyOr name={tenant} />
                  </th>
                  <td>
                    <AnyOr name={policy} />
                  </td>
                  <td class="nowrap">{mode}</td>
                  <td class="nowrap">
                    <time dateTime={at}>{momentText(at)}</time>
                  </td>
                  <td class="nowrap">{who}</td>
                  <td>{why}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="quiet">
        The most specific counts: tenant and policy, else the tenant, else the policy, else what is asked for all.
      </p>
    </section>
  );
}

function AnyOr({ name }: { readonly name: string | null }) {
  return name === null || name === '*' ? <em class="quiet">all</em> : <>{name}</>;
}

function Turns({ turns }: { readonly turns: readonly RolloutTurn[] }) {
  return (
    <section class="panel" aria-labelledby="turns">
      <h2 id="turns">How it came to be so</h2>
      {turns.length === 0 ? (
        <p class="quiet">Nothing has happened yet.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="turns">
          <table class="turns">
            <Heads of={['When', 'Tenant', 'Policy', 'What', 'Who', 'Why']} />
            <tbody>
              {turns.map(({ at, kind, tenant, policy, mode, who, why }) => (
                <tr key={JSON.stringify([at, kind, tenant, policy])}>
                  <td class="nowrap">
                    <time dateTime={at}>{momentText(at)}</time>
                  </td>
                  <td>
                    <AnyOr name={tenant} />
                  </td>
                  <td>
                    <AnyOr name={policy} />
                  </td>
                  <td class="nowrap">
                    {kind === 'asked' ? 'asked for' : 'turned'} <Mode of={mode} />
                  </td>
                  <td class="nowrap">{who}</td>
                  <td>{why}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
