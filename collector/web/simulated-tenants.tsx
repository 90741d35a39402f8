import type { SimulatedPolicy, SimulatedSum, Simulation } from '../../schemas/simulation.js';
import { countText } from './figures.js';
import { Heads } from './heads.js';
import type { SimulatedRow } from './simulated-rows.js';
import { rowsOf } from './simulated-rows.js';
import { Usd } from './usd.js';
import { plural } from './words.js';

const MOST_SHOWN = 50;

interface SimulatedTenantsProps {
  readonly simulation: Simulation;
  /** Empty: all of them. */
  readonly tenant: string;
}

/** What blocking would have done by tenant and policy. */
export function SimulatedTenants({ simulation: { policies }, tenant }: SimulatedTenantsProps) {
  const rows = rowsOf(policies, tenant);
  if (rows.length === 0) {
    return (
      <p class="quiet apart">
        No call of {tenant === '' ? 'any tenant' : tenant} would have been blocked, missed or over a limit
        {policies.some(({ otherTenants }) => isTouched(otherTenants)) ? ', as far as tenants are listed.' : '.'}
      </p>
    );
  }
  return (
    <div class="scroll apart" tabIndex={0} role="region" aria-label="By tenant and policy, simulated">
      <table class="simulated-tenants">
        <Heads
          of={[
            'Tenant',
            'Policy',
            { number: 'Blocked' },
            { number: 'Falsely' },
            { number: 'Missed' },
            { number: 'Over the limit' },
          ]}
        />
        <tbody>
          {rows.slice(0, MOST_SHOWN).map(({ policy, of }) => (
            <TenantRow policy={policy} of={of} key={JSON.stringify([policy, of.tenant])} />
          ))}
        </tbody>
      </table>
      {rows.length > MOST_SHOWN && <p class="quiet">And {countText(rows.length - MOST_SHOWN)} more.</p>}
    </div>
  );
}

function isTouched({ blocked, missed, overshootUsd }: SimulatedPolicy['otherTenants']): boolean {
  return blocked.calls + missed.calls > 0 || Number(overshootUsd) > 0;
}

function TenantRow({ policy, of: { tenant, blocked, falselyBlocked, missed, overshootUsd } }: SimulatedRow) {
  return (
    <tr>
      <th scope="row">{tenant ?? <span class="quiet">no tenant</span>}</th>
      <td>{policy}</td>
      {[blocked, falselyBlocked, missed].map((sum, i) => (
        <td class="number" key={i}>
          <Sum of={sum} />
        </td>
      ))}
      <td class="number">
        {Number(overshootUsd) === 0 ? <span class="quiet">never</span> : <Usd amount={overshootUsd} />}
      </td>
    </tr>
  );
}

function Sum({ of }: { readonly of: SimulatedSum }) {
  if (of.calls === 0) return <span class="quiet">none</span>;
  return (
    <>
      {of.calls === of.unknownCost ? 'unknown' : <Usd amount={of.costUsd} />}{' '}
      <span class="quiet">{plural(of.calls, 'call')}</span>
    </>
  );
}
