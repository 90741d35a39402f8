import type { Blocker, GateAnswer } from '../../schemas/gate.js';
import { ANSWERS } from './gate-words.js';
import { Usd } from './usd.js';
import { addressIn } from './view-state.js';
import type { ViewState } from './view-state.js';
import { Prose } from './words.js';

/** The gate's answer with its first blocker. */
export function GatePanel({ answer, view }: { readonly answer: GateAnswer; readonly view: ViewState }) {
  const { sign, text } = ANSWERS[answer.answer];
  const [first, ...others] = answer.blockers;
  return (
    <section class={`panel gate ${answer.answer}`} aria-labelledby="gate">
      <h2 id="gate">
        <span class="sign" aria-hidden="true">
          {sign}
        </span>
        {text}
      </h2>
      {first === undefined ? <p>Every check of the contract holds.</p> : <FirstBlocker blocker={first} view={view} />}
      {others.length > 0 && (
        <details>
          <summary>
            {others.length} more {others.length === 1 ? 'blocker' : 'blockers'}
          </summary>
          <ul>
            {others.map((blocker) => (
              <li key={blocker.check}>{blocker.message}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function FirstBlocker({ blocker, view }: { readonly blocker: Blocker; readonly view: ViewState }) {
  const { message, observed, required, spendUsd, worst, moreCalls } = blocker;
  return (
    <>
      <p>{message}</p>
      <dl class="facts">
        <dt>Observed</dt>
        <dd>{observed}</dd>
        <dt>Required</dt>
        <dd>{required}</dd>
        <dt>Spend behind it</dt>
        <dd>
          <Usd amount={spendUsd} />
        </dd>
        {moreCalls !== null && (
          <>
            <dt>More clean calls needed</dt>
            <dd>{moreCalls}</dd>
          </>
        )}
      </dl>
      {worst !== null && (
        <p>
          <strong>Fix first:</strong> <Prose text={worst.fix} />{' '}
          {worst.hop !== null && (
            <>
              <a href={addressIn(view, { view: 'hops', ...worst.hop })}>Show the hop</a>
              {', '}
            </>
          )}
          <a href={addressIn(view, { view: 'trace', trace: worst.sampleTraceId })}>a trace that shows it</a>
        </p>
      )}
    </>
  );
}
