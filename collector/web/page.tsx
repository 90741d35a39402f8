import { useEffect, useRef, useState } from 'preact/hooks';
import type { Account } from '../../schemas/key.js';
import { useAnswer } from './ask.js';
import { LatestNews, useNews } from './live.js';
import type { Hearing } from './live.js';
import { ScopeForm } from './scope-form.js';
import { addressIn, addressOf, readViewState } from './view-state.js';
import type { ViewState } from './view-state.js';
import { VIEWS } from './views.js';

/** The gap report: a scope and a stretch of time, and what is known about them. */
export function Page() {
  const [view, setView] = useState(() => readViewState(location.search));
  const news = useNews();
  const report = useRef<HTMLElement>(null);
  useEffect(() => {
    const follow = () => setView(readViewState(location.search));
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);
  const look = (next: ViewState) => {
    history.pushState(null, '', `${location.pathname}${addressOf(next)}`);
    setView(next);
  };
  useEffect(() => {
    const follow = (event: MouseEvent) => {
      const search = ownLink(event);
      if (search === null) return;
      event.preventDefault();
      const [before, next] = [readViewState(location.search), readViewState(search)];
      look(next);
      // Another view begins at its top; a choice within one stays where it was made.
      if (next.view === before.view) return;
      scrollTo(0, 0);
      // Who cannot see it hears what has come, and goes on from there.
      report.current?.focus();
    };
    addEventListener('click', follow);
    return () => removeEventListener('click', follow);
  }, []);
  const { title, lead, scope, Content } = VIEWS[view.view];
  useEffect(() => {
    document.title = `${title} · Waybill`;
  }, [title]);
  return (
    <LatestNews.Provider value={news}>
      <a class="skip" href="#report">
        Skip to the report
      </a>
      <header>
        <div class="bar">
          <a class="brand" href="?">
            <Mark /> Waybill
          </a>
          <Navigation view={view} />
          <Live hearing={news.hearing} />
          <LoggedIn />
        </div>
        {scope !== null && <ScopeForm fields={scope} view={view} look={look} key={addressOf(view)} />}
      </header>
      <main id="report" ref={report} tabIndex={-1}>
        <h1>{title}</h1>
        <p class="lead">{lead}</p>
        <Content view={view} look={look} />
      </main>
    </LatestNews.Provider>
  );
}

function Navigation({ view }: { readonly view: ViewState }) {
  return (
    <nav aria-label="Views">
      {Object.values(VIEWS).map(
        ({ name, label }) =>
          (name !== 'trace' || view.view === 'trace') && (
            <a href={addressIn(view, { view: name })} aria-current={name === view.view ? 'page' : undefined} key={name}>
              {label}
            </a>
          ),
      )}
    </nav>
  );
}

const HEARING: Readonly<Record<Hearing, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  away: 'Not live',
};

/** Says whether new audits show by themselves. */
function Live({ hearing }: { readonly hearing: Hearing }) {
  return (
    <p class={`live ${hearing}`} role="status">
      <span class="dot" aria-hidden="true" />
      {HEARING[hearing]}
    </p>
  );
}

/** Leads to where one logs out; nothing is shown where there are no keys. */
function LoggedIn() {
  const asked = useAnswer<Account>('account');
  if (asked.state !== 'answered' || asked.answer.key === null) return null;
  return (
    <a class="account" href="/login" title={`Logged in with the key ${asked.answer.key}`}>
      Log out
    </a>
  );
}

/** Stations on a way, the last of them stamped. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 30 20" aria-hidden="true">
      <path d="M4 10h22" />
      <circle cx="4" cy="10" r="3" />
      <circle cx="15" cy="10" r="3" />
      <rect x="21" y="5" width="9" height="10" rx="2" />
    </svg>
  );
}

/** Where a plain click on one of the page's own links leads; null where the browser shall follow it by itself. */
function ownLink(event: MouseEvent): string | null {
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!isPlain || event.defaultPrevented || !(event.target instanceof Element)) return null;
  return event.target.closest('a[href^="?"]')?.getAttribute('href') ?? null;
}
