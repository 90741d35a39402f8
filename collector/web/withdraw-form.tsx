import { useState } from 'preact/hooks';
import { Failure } from './answered.js';
import { messageOf, remove } from './ask.js';

interface WithdrawFormProps {
  readonly tenant: string;
  readonly policy: string;
  /** Called when it was withdrawn. */
  readonly changed: () => void;
}

/** Withdraws what is asked for in a scope, when it was said why. */
export function WithdrawForm({ tenant, policy, changed }: WithdrawFormProps) {
  const [failed, setFailed] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const query = new URLSearchParams({ tenant, policy });
    const why = new FormData(form).get('why');
    if (typeof why === 'string') query.set('why', why);
    remove(`rollouts?${query.toString()}`).then(changed, (error: unknown) => setFailed(messageOf(error)));
  };
  return (
    <details>
      <summary>Withdraw …</summary>
      <form class="one-line" aria-label="Withdraw" onSubmit={submit}>
        <label>
          Why
          <input class="why" name="why" required maxLength={1_000} autocomplete="off" />
        </label>
        <button type="submit">Withdraw it</button>
      </form>
      {failed !== null && <Failure message={failed} />}
    </details>
  );
}
