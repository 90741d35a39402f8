import { useState } from 'preact/hooks';
import { Failure } from './answered.js';
import { messageOf, put } from './ask.js';
import type { ViewState } from './view-state.js';

interface RolloutFormProps {
  readonly view: ViewState;
  /** Called when another mode was asked for. */
  readonly changed: () => void;
}

/** Asks for a mode in a scope. */
export function RolloutForm({ view, changed }: RolloutFormProps) {
  const [state, setState] = useState<'idle' | 'asking' | { readonly failed: string }>('idle');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    setState('asking');
    put('rollouts', Object.fromEntries(new FormData(form))).then(
      () => {
        setState('idle');
        form.reset();
        changed();
      },
      (error: unknown) => setState({ failed: messageOf(error) }),
    );
  };
  return (
    <section class="panel" aria-labelledby="ask-for">
      <h2 id="ask-for">Ask for another mode</h2>
      <form class="one-line" aria-labelledby="ask-for" onSubmit={submit}>
        <label>
          Tenant
          <input name="tenant" defaultValue={view.tenant || '*'} required autocomplete="off" spellcheck={false} />
        </label>
        <label>
          Policy
          <input name="policy" defaultValue={view.policy || '*'} required autocomplete="off" spellcheck={false} />
        </label>
        <label>
          Mode
          <select name="mode">
            <option value="off">off: nothing</option>
            <option value="shadow">shadow: decide, block nothing</option>
            <option value="enforce">enforce: block while the gate is ready</option>
          </select>
        </label>
        <label>
          Why
          <input class="why" name="why" required maxLength={1_000} autocomplete="off" />
        </label>
        <button type="submit" disabled={state === 'asking'}>
          {state === 'asking' ? 'Asking …' : 'Ask for it'}
        </button>
      </form>
      {typeof state === 'object' && <Failure message={state.failed} />}
      <p class="quiet">
        <code>*</code> is every tenant, or every policy. What is asked for tenant and policy counts before what is asked
        for the tenant, that before the policy, and that before all. Withdraw one, and the next of these counts. Who
        asked is kept, with the reason.
      </p>
    </section>
  );
}
