import type { PolicyFate, PolicyFit } from '../../schemas/policy-fit.js';
import { Answered, Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { countText } from './figures.js';
import { Heads } from './heads.js';
import { Usd } from './usd.js';
import { addressIn, queryOf } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';
import { plural } from './words.js';

/** What a policy makes of calls, in the order of the columns. */
const FATES: readonly { readonly fate: PolicyFate; readonly label: string; readonly why: string }[] = [
  { fate: 'seen', label: 'Seen', why: 'it would count the call' },
  { fate: 'bypass', label: 'Bypassed', why: 'the route crosses no enforcement point' },
  {
    fate: 'bound-too-late',
    label: 'Too late',
    why: 'what it is looked up by is first known behind the enforcement point',
  },
  { fate: 'mismatch', label: 'Mismatch', why: 'the call names it, and it does not cover the call' },
  { fate: 'ambiguous', label: 'Ambiguous', why: 'several policies cover the call, and it names none' },
  { fate: 'lost', label: 'Lost', why: 'the origin named it, and the name was gone' },
  { fate: 'unattributed', label: 'Unattributed', why: 'nothing led to a policy' },
];

/** Which policies fit the calls, which are dead, ambiguous or bypassed. */
export function Policies({ view }: Shown) {
  const asked = useAnswer<{ policies: PolicyFit[] }>(`policies?${queryOf(view).toString()}`);
  if (asked.state === 'failed') return <Failure message={asked.message} />;
  return (
    <div class="stack" aria-busy={asked.state === 'waiting'}>
      <Answered asked={asked}>
        {({ policies }) =>
          policies.length === 0 ? (
            <NoPolicies />
          ) : (
            <>
              <Fit policies={policies} view={view} />
              {policies
                .filter(({ routes }) => routes.length > 0)
                .map((policy) => (
                  <Routes policy={policy} key={policy.policy} />
                ))}
            </>
          )
        }
      </Answered>
    </div>
  );
}

const EXAMPLE = `policies:
  - { id: pro-monthly, match: { tenant: [acme] }, limit: { usd: 500, per: month }, alerts: [0.8, 1] }`;

function NoPolicies() {
  return (
    <section class="panel" aria-labelledby="none">
      <h2 id="none">No policies, and no calls that name one</h2>
      <p>
        List the policies in <code>waybill.yaml</code>, then start Waybill again:
      </p>
      <pre tabIndex={0}>{EXAMPLE}</pre>
    </section>
  );
}

function Fit({ policies, view }: { readonly policies: readonly PolicyFit[]; readonly view: ViewState }) {
  return (
    <section class="panel" aria-labelledby="fit">
      <h2 id="fit">What each policy would see</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="fit">
        <table class="fit">
          <thead>
            <tr>
              <th scope="col">Policy</th>
              <th scope="col">Fit</th>
              {FATES.map(({ fate, label, why }) => (
                <th scope="col" class="number" title={why} key={fate}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {policies.map((policy) => (
              <tr key={policy.policy}>
                <th scope="row">
                  {policy.policy === null ? (
                    <em class="quiet">none</em>
                  ) : (
                    <a href={addressIn(view, { view: 'overview', policy: policy.policy })}>{policy.policy}</a>
                  )}
                </th>
                <td>
                  <Standing policy={policy} />
                </td>
                {FATES.map(({ fate }) => (
                  <Fate policy={policy} fate={fate} key={fate} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <dl class="facts small">
        {FATES.flatMap(({ fate, label, why }) => [<dt key={fate}>{label}</dt>, <dd key={`${fate} why`}>{why}</dd>])}
      </dl>
    </section>
  );
}

/** In a word, whether a policy fits. */
function Standing({ policy: { policy, isListed, isDead, fates } }: { readonly policy: PolicyFit }) {
  if (policy === null) return <span class="tag error">leads nowhere</span>;
  if (!isListed) return <span class="tag warning">not in the contract</span>;
  if (isDead) return <span class="tag warning">dead</span>;
  return fates.every(({ fate }) => fate === 'seen') ? (
    <span class="tag good">fits</span>
  ) : (
    <span class="tag error">fits in part</span>
  );
}

function Fate({ policy, fate }: { readonly policy: PolicyFit; readonly fate: PolicyFate }) {
  const own = policy.fates.find((one) => one.fate === fate);
  if (own === undefined) return <td class="number quiet">–</td>;
  return (
    <td class="number">
      {own.unknownCost === own.calls ? <span class="unknown">unknown</span> : <Usd amount={own.costUsd} />}
      <span class="at-hop">
        {plural(own.calls, 'call')}
        {own.unknownCost > 0 && own.unknownCost < own.calls && <>, {countText(own.unknownCost)} of unknown cost</>}
      </span>
    </td>
  );
}

function Routes({ policy: { policy, routes, routesLeftOut } }: { readonly policy: PolicyFit }) {
  return (
    <section class="panel" aria-label={`Routes of ${policy ?? 'calls without a policy'}`}>
      <details>
        <summary>
          Routes of {policy ?? 'calls that lead to no policy'}: {countText(routes.length + routesLeftOut)}
        </summary>
        <div class="scroll" tabIndex={0} role="region" aria-label={`Routes of ${policy ?? 'no policy'}`}>
          <table>
            <Heads of={['What becomes of it', 'Route', 'Kind', { number: 'Spend' }, { number: 'Calls' }]} />
            <tbody>
              {routes.map((route) => (
                <tr
                  key={JSON.stringify([
                    route.fate,
                    route.route,
                    route.operation,
                    route.stream,
                    route.failed,
                    route.shared,
                  ])}
                >
                  <td>
                    <span class={`tag ${route.fate === 'seen' ? 'good' : 'error'}`}>{labelOf(route.fate)}</span>
                  </td>
                  <td>{route.route.join(' → ')}</td>
                  <td class="quiet">{kindOf(route)}</td>
                  <td class="number">
                    {route.unknownCost === route.calls ? (
                      <span class="unknown">unknown</span>
                    ) : (
                      <Usd amount={route.costUsd} />
                    )}
                  </td>
                  <td class="number">{countText(route.calls)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {routesLeftOut > 0 && <p class="quiet">{countText(routesLeftOut)} more with less spend.</p>}
      </details>
    </section>
  );
}

function labelOf(fate: PolicyFate): string {
  return FATES.find((one) => one.fate === fate)?.label.toLowerCase() ?? fate;
}

function kindOf({ operation, stream, failed, shared }: PolicyFit['routes'][number]): string {
  return [
    operation,
    ...(stream ? ['streamed'] : []),
    ...(failed ? ['failed'] : []),
    ...(shared ? ['shared'] : []),
  ].join(', ');
}
