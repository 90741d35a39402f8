import { useState } from 'preact/hooks';
import { RANGES } from './view-state.js';
import type { ScopeField, Shown } from './view-state.js';

const LABELS = { tenant: 'Tenant', feature: 'Feature', policy: 'Policy', service: 'Service' } as const;

/** Chooses the scope and the stretch of time. */
export function ScopeForm({ fields, view, look }: Shown & { readonly fields: readonly ScopeField[] }) {
  const isScoped = fields.some((name) => view[name] !== '');
  // Where there is little room the fields are folded away until they are wanted.
  const [isOpen, setOpen] = useState(isScoped);
  const ranges = RANGES.some(({ since }) => since === view.since)
    ? RANGES
    : [...RANGES, { since: view.since, label: `Last ${view.since}` }];
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const next = { ...view };
    for (const [name, value] of new FormData(event.currentTarget)) {
      if (typeof value === 'string') Object.assign(next, { [name]: value.trim() });
    }
    look(next);
  };
  return (
    <form class={`scope ${isOpen ? 'open' : ''}`} aria-label="Scope" onSubmit={submit}>
      <label>
        Time
        <select name="since" onChange={(event) => look({ ...view, since: event.currentTarget.value })}>
          {ranges.map(({ since, label }) => (
            <option value={since} selected={since === view.since} key={since}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="unfold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        Filter
      </button>
      {fields.map((name) => (
        <label class="field" key={name}>
          {LABELS[name]}
          <input name={name} defaultValue={view[name]} placeholder="all" autocomplete="off" spellcheck={false} />
        </label>
      ))}
      <button class="field" type="submit">
        Show
      </button>
      {isScoped && (
        <button
          type="button"
          class="plain field"
          onClick={() => look({ ...view, tenant: '', feature: '', policy: '', service: '' })}
        >
          Show all
        </button>
      )}
    </form>
  );
}
