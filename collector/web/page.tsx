import { useEffect, useState } from 'preact/hooks';
import { HopMap } from './hop-map.js';
import { Overview } from './overview.js';
import { ScopeForm } from './scope-form.js';
import { addressOf, readViewState } from './view-state.js';
import type { ViewState } from './view-state.js';

const VIEWS = [
  { name: 'overview', label: 'Overview' },
  { name: 'hops', label: 'Hop map' },
] as const;

/** The gap report: a scope and a stretch of time, and what is known about them. */
export function Page() {
  const [view, setView] = useState(() => readViewState(location.search));
  useEffect(() => {
    const follow = () => setView(readViewState(location.search));
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const look = (next: ViewState) => {
    history.pushState(null, '', `${location.pathname}${addressOf(next)}`);
    setView(next);
  };
  return (
    <>
      <a class="skip" href="#report">
        Skip to the report
      </a>
      <header>
        <p class="brand">Waybill</p>
        <nav aria-label="Views">
          {VIEWS.map(({ name, label }) => (
            <a
              href={addressOf({ ...view, view: name })}
              aria-current={name === view.view ? 'page' : undefined}
              onClick={(event) => {
                event.preventDefault();
                look({ ...view, view: name });
              }}
              key={name}
            >
              {label}
            </a>
          ))}
        </nav>
        <ScopeForm view={view} look={look} key={addressOf(view)} />
      </header>
      <main id="report">
        <h1>Is attribution good enough here to start blocking?</h1>
        {view.view === 'hops' ? <HopMap view={view} look={look} /> : <Overview view={view} />}
      </main>
    </>
  );
}
