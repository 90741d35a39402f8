import type { RaisedAlert } from '../../schemas/alert.js';
import type { Budget, Forecast, Outlook } from '../../schemas/budget.js';
import { Answered, Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { BudgetMeter } from './budget-meter.js';
import { momentText, shareText } from './figures.js';
import { Heads } from './heads.js';
import { Usd } from './usd.js';
import { addressIn } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';
import { plural } from './words.js';

/** Each policy's spend against its limit, when it runs out, and what people were warned of. */
export function Budgets({ view }: Shown) {
  const policy = view.policy === '' ? '' : `?${new URLSearchParams({ policy: view.policy }).toString()}`;
  const budgets = useAnswer<{ budgets: Budget[] }>(`budgets${policy}`);
  const alerts = useAnswer<{ alerts: RaisedAlert[] }>(`alerts?since=${encodeURIComponent(view.since)}`);
  const failed = [budgets, alerts].find((one) => one.state === 'failed');
  if (failed?.state === 'failed') return <Failure message={failed.message} />;
  return (
    <div class="stack" aria-busy={[budgets, alerts].some((one) => one.state === 'waiting')}>
      <Answered asked={budgets}>
        {(answer) =>
          answer.budgets.length === 0 ? (
            <NoBudgets view={view} />
          ) : (
            <>
              {answer.budgets.map((budget) => (
                <BudgetPanel budget={budget} view={view} key={budget.policy} />
              ))}
            </>
          )
        }
      </Answered>
      <Answered asked={alerts}>{(answer) => <Alerts alerts={answer.alerts} view={view} />}</Answered>
    </div>
  );
}

const EXAMPLE = `policies:
  - { id: pro-monthly, match: { tenant: [acme] }, limit: { usd: 500, per: month }, alerts: [0.5, 0.8, 1] }`;

function NoBudgets({ view }: { readonly view: ViewState }) {
  return (
    <section class="panel" aria-labelledby="none">
      <h2 id="none">{view.policy === '' ? 'No policy has a limit' : `The contract gives '${view.policy}' no limit`}</h2>
      <p>
        Give a policy one in <code>waybill.yaml</code>, then start Waybill again:
      </p>
      <pre tabIndex={0}>{EXAMPLE}</pre>
    </section>
  );
}

const OUTLOOKS: Readonly<Record<Outlook, { readonly text: string; readonly tone: string }>> = {
  exhausted: { text: 'limit reached', tone: 'error' },
  'runs-out': { text: 'will run out', tone: 'error' },
  'may-run-out': { text: 'may run out', tone: 'warning' },
  lasts: { text: 'lasts', tone: 'good' },
  unknown: { text: 'no forecast yet', tone: '' },
};

function BudgetPanel({ budget, view }: { readonly budget: Budget; readonly view: ViewState }) {
  const { policy, per, from, to, limitUsd, spent, remainingUsd, share, outlook, forecast } = budget;
  const { text, tone } = OUTLOOKS[outlook];
  const id = `budget-${policy}`;
  return (
    <section class="panel budget" aria-labelledby={id}>
      <div class="heading">
        <h2 id={id}>
          <a href={addressIn(view, { view: 'spend', policy, by: 'tenant,day' })}>{policy}</a>{' '}
          <span class={`tag ${tone}`}>{text}</span>
        </h2>
        <p class="quiet">
          <Usd amount={limitUsd} /> per {per}, {momentText(from)} to {momentText(to)}
        </p>
      </div>
      <BudgetMeter budget={budget} />
      <dl class="tiles">
        <div>
          <dt>Spent</dt>
          <dd>
            <Usd amount={spent.costUsd} /> <span class="quiet">{shareText(share)}</span>
          </dd>
        </div>
        <div>
          <dt>Left</dt>
          <dd>
            <Usd amount={remainingUsd} />
          </dd>
        </div>
        <div>
          <dt>Calls</dt>
          <dd>
            {spent.calls.toLocaleString('en')}
            {spent.unknownCost > 0 && <span class="unknown"> {plural(spent.unknownCost, 'call')} of unknown cost</span>}
          </dd>
        </div>
        {forecast !== null && <Outlooks forecast={forecast} outlook={outlook} />}
      </dl>
      {forecast === null && (
        <p class="quiet">There is no forecast: no call of this policy in the time that it would go by.</p>
      )}
    </section>
  );
}

function Outlooks({ forecast, outlook }: { readonly forecast: Forecast; readonly outlook: Outlook }) {
  const { usdPerDay, atPeriodEndUsd, runsOutAt, earliest, latest, interval } = forecast;
  const { expected, lower, upper } = atPeriodEndUsd;
  return (
    <>
      {outlook !== 'exhausted' && (
        <div>
          <dt>Runs out</dt>
          <dd>
            {runsOutAt === null ? 'not in this period' : momentText(runsOutAt)}
            {earliest !== null && (
              <span class="quiet block" title={interval}>
                {momentText(earliest)} at the earliest
                {latest === null ? '; it may last' : `, ${momentText(latest)} at the latest`}
              </span>
            )}
          </dd>
        </div>
      )}
      <div>
        <dt>Expected at the end</dt>
        <dd>
          <Usd amount={expected} />
          <span class="quiet block" title={interval}>
            {lower === null || upper === null ? (
              'too little seen for an interval'
            ) : (
              <>
                95 %: <Usd amount={lower} /> to <Usd amount={upper} />
              </>
            )}
          </span>
        </dd>
      </div>
      <div>
        <dt>A day costs</dt>
        <dd>
          <Usd amount={usdPerDay} />
        </dd>
      </div>
    </>
  );
}

function Alerts({ alerts, view }: { readonly alerts: readonly RaisedAlert[]; readonly view: ViewState }) {
  return (
    <section class="panel" aria-labelledby="alerts">
      <h2 id="alerts">What people were warned of, last {view.since}</h2>
      {alerts.length === 0 ? (
        <p class="quiet">Nothing.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="alerts">
          <table class="alerts">
            <Heads of={['When', 'Kind', 'Alert', 'Told']} />
            <tbody>
              {alerts.map((alert) => (
                <AlertRow alert={alert} key={alert.id} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const DELIVERIES = { pending: 'warning', delivered: 'good', 'gave-up': 'error' } as const;

function AlertRow({ alert: { kind, raisedAt, message, deliveries } }: { readonly alert: RaisedAlert }) {
  return (
    <tr>
      <td class="nowrap">
        <time dateTime={raisedAt}>{momentText(raisedAt)}</time>
      </td>
      <td class="nowrap">{kind}</td>
      <td>{message}</td>
      <td>
        {deliveries.length === 0 && <span class="quiet">no channel is named for it</span>}
        {deliveries.map(({ channel, state, error }) => (
          <span class="block" title={error} key={channel}>
            {channel} <span class={`tag ${DELIVERIES[state]}`}>{state}</span>
          </span>
        ))}
      </td>
    </tr>
  );
}
