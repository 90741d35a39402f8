import type { DecisionSummary } from '../../schemas/decision.js';
import { Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { Heads } from './heads.js';
import { Usd } from './usd.js';
import type { ViewState } from './view-state.js';

/** What was decided before calls in this scope, beside what was spent; nothing where nobody asks. */
export function DecisionTable({ view }: { readonly view: ViewState }) {
  const query = new URLSearchParams({ since: view.since });
  if (view.tenant !== '') query.set('tenant', view.tenant);
  if (view.policy !== '') query.set('policy', view.policy);
  const asked = useAnswer<{ summary: DecisionSummary[] }>(`decisions/summary?${query.toString()}`);
  if (asked.state === 'failed') return <Failure message={asked.message} />;
  if (asked.state !== 'answered' || asked.answer.summary.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="decisions">
      <h2 id="decisions">Decisions beside what was spent</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="decisions">
        <table>
          <Heads
            of={[
              'Policy',
              'Mode',
              { number: 'Decisions' },
              { number: 'Would deny' },
              { number: 'False blocks' },
              { number: 'Misses' },
              { number: 'Estimated' },
              { number: 'Cost' },
            ]}
          />
          <tbody>
            {asked.answer.summary.map((one) => (
              <Row one={one} key={`${one.policy ?? ''} ${one.mode}`} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ one }: { readonly one: DecisionSummary }) {
  return (
    <tr>
      <th scope="row">{one.policy ?? <span class="quiet">none</span>}</th>
      <td>{one.mode}</td>
      <td class="number">{one.decisions}</td>
      <td class="number">{one.wouldDeny}</td>
      <td class="number">{one.falseBlocks}</td>
      <td class="number">{one.misses}</td>
      <td class="number">
        <Usd amount={one.estimatedUsd} />
      </td>
      <td class="number">
        <Usd amount={one.actualUsd} />
      </td>
    </tr>
  );
}
