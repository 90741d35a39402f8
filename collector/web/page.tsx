import { useEffect, useState } from 'preact/hooks';
import { Overview } from './overview.js';
import { ScopeForm } from './scope-form.js';
import { addressOf, readViewState } from './view-state.js';
import type { ViewState } from './view-state.js';

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
        <ScopeForm view={view} look={look} key={addressOf(view)} />
      </header>
      <main id="report">
        <h1>Is attribution good enough here to start blocking?</h1>
        <Overview view={view} />
      </main>
    </>
  );
}
