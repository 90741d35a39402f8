import type { Blocker, GateAnswer } from '../../schemas/gate.js';
import { ANSWERS } from './gate-words.js';
import { Usd } from './usd.js';

/** The gate's answer with its first blocker. */
export function GatePanel({ answer }: { readonly answer: GateAnswer }) {
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
      {first === undefined ? <p>Every check of the contract holds.</p> : <FirstBlocker blocker={first} />}
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

function FirstBlocker({ blocker }: { readonly blocker: Blocker }) {
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
          <strong>Fix first:</strong> {worst.fix}
        </p>
      )}
    </>
  );
}
