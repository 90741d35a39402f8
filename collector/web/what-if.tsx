import { useState } from 'preact/hooks';
import type { SimulatedPolicy, SimulatedSum, Simulation } from '../../schemas/simulation.js';
import { Failure } from './answered.js';
import { ask, messageOf } from './ask.js';
import { countText } from './figures.js';
import { Heads } from './heads.js';
import { SimulatedTenants } from './simulated-tenants.js';
import { Usd } from './usd.js';
import type { ViewState } from './view-state.js';
import { plural } from './words.js';

interface WhatIfProps {
  readonly view: ViewState;
  readonly simulation: Simulation | null;
  readonly found: (simulation: Simulation | null) => void;
}

/** What blocking would have done, where it is asked for: it replays every call of the window. */
export function WhatIf({ view, simulation, found }: WhatIfProps) {
  const [state, setState] = useState<'idle' | 'running' | { readonly failed: string }>('idle');
  const run = () => {
    setState('running');
    const params = new URLSearchParams({ since: view.since, ...(view.policy === '' ? {} : { policy: view.policy }) });
    ask<Simulation>(`simulate?${params.toString()}`).then(
      (answer) => {
        found(answer);
        setState('idle');
      },
      (error: unknown) => setState({ failed: messageOf(error) }),
    );
  };
  return (
    <section class="panel" aria-labelledby="what-if" aria-busy={state === 'running' ? true : undefined}>
      <div class="heading">
        <h2 id="what-if">Had blocking been on</h2>
        <button type="button" onClick={run} disabled={state === 'running'}>
          {state === 'running' ? 'Replaying …' : 'Run the what-if'}
        </button>
      </div>
      {typeof state === 'object' && <Failure message={state.failed} />}
      {simulation === null ? (
        <p class="quiet">
          Replays the calls of {view.policy === '' ? 'every policy with a limit' : view.policy} over the last{' '}
          {view.since} against its limit: who would have been blocked, who falsely, what would have escaped, and how far
          over the limit it would have gone.
        </p>
      ) : (
        <Result simulation={simulation} tenant={view.tenant} />
      )}
    </section>
  );
}

interface ResultProps {
  readonly simulation: Simulation;
  readonly tenant: string;
}

function Result({ simulation, tenant }: ResultProps) {
  const { blocked, falselyBlocked, escaped, letThrough } = simulation;
  return (
    <>
      <dl class="tiles">
        <Tile label="Let through and counted" sum={letThrough} />
        <Tile label="Blocked" sum={blocked} />
        <Tile label="Blocked falsely" sum={falselyBlocked} />
        <Tile label="Escaped: unattributed" sum={escaped.unattributed} />
        <Tile label="Escaped: no one policy" sum={escaped.unresolved} />
        <Tile label="Escaped: went round it" sum={escaped.bypass} />
        <Tile label="Escaped: unknown cost" sum={escaped.unknownCost} />
      </dl>
      <div class="scroll apart" tabIndex={0} role="region" aria-label="By policy">
        <table class="simulated">
          <Heads
            of={[
              'Policy',
              { number: 'Limit' },
              { number: 'Blocked' },
              { number: 'Falsely' },
              { number: 'Ran out' },
              { number: 'Most over the limit' },
            ]}
          />
          <tbody>
            {simulation.policies.map((policy) => (
              <PolicyRow policy={policy} key={policy.policy} />
            ))}
          </tbody>
        </table>
      </div>
      <SimulatedTenants simulation={simulation} tenant={tenant} />
    </>
  );
}

function Tile({ label, sum }: { readonly label: string; readonly sum: SimulatedSum }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {sum.calls === 0 ? 'none' : sum.calls === sum.unknownCost ? 'unknown' : <Usd amount={sum.costUsd} />}{' '}
        {sum.calls > 0 && <span class="quiet">{plural(sum.calls, 'call')}</span>}
      </dd>
    </div>
  );
}

function PolicyRow({ policy }: { readonly policy: SimulatedPolicy }) {
  const { limitUsd, per, blocked, falselyBlocked, periods, exhausted, exhaustedLeftOut } = policy;
  const most = exhausted.toSorted((a, b) => Number(b.overshootUsd) - Number(a.overshootUsd)).at(0);
  return (
    <tr>
      <th scope="row">{policy.policy}</th>
      <td class="number">
        <Usd amount={limitUsd} /> per {per}
      </td>
      <td class="number">{countText(blocked.calls)}</td>
      <td class="number">{countText(falselyBlocked.calls)}</td>
      <td class="number">
        in {countText(exhausted.length + exhaustedLeftOut)} of {plural(periods, 'period')}
      </td>
      <td class="number">
        {most === undefined ? <span class="quiet">never</span> : <Usd amount={most.overshootUsd} />}
      </td>
    </tr>
  );
}
