/** What the page looks at. It lives in the address alone, so that whoever is sent the address sees the same. */
export interface ViewState {
  readonly tenant: string;
  readonly feature: string;
  readonly policy: string;
  readonly service: string;
  /** How far back, such as `7d`. */
  readonly since: string;
  readonly view: 'overview' | 'hops';
  /** Which attribute the hop map is drawn for. */
  readonly attribute: (typeof ATTRIBUTES)[number];
  /** The hop that is looked at; both empty: none. */
  readonly from: string;
  readonly to: string;
}

export const ATTRIBUTES = ['all', 'tenant', 'feature', 'policy'] as const;

export const SCOPE_FIELDS = ['tenant', 'feature', 'policy', 'service'] as const;

export const RANGES = [
  { since: '24h', label: 'Last 24 hours' },
  { since: '7d', label: 'Last 7 days' },
  { since: '30d', label: 'Last 30 days' },
  { since: '90d', label: 'Last 90 days' },
] as const;

const DEFAULT_SINCE = '7d';

/** Reads the query part of an address. What it does not name is everything, over seven days. */
export function readViewState(search: string): ViewState {
  const params = new URLSearchParams(search);
  const text = (name: string): string => params.get(name) ?? '';
  return {
    tenant: text('tenant'),
    feature: text('feature'),
    policy: text('policy'),
    service: text('service'),
    since: params.get('since') ?? DEFAULT_SINCE,
    view: text('view') === 'hops' ? 'hops' : 'overview',
    attribute: ATTRIBUTES.find((one) => one === text('attribute')) ?? 'all',
    from: text('from'),
    to: text('to'),
  };
}

/** The query part of the page's address; `?` alone where everything is as it is by default. */
export function addressOf(state: ViewState): string {
  const params = queryOf(state);
  if (state.since === DEFAULT_SINCE) params.delete('since');
  if (state.view === 'hops') {
    params.set('view', 'hops');
    if (state.attribute !== 'all') params.set('attribute', state.attribute);
    if (state.from !== '') {
      params.set('from', state.from);
      params.set('to', state.to);
    }
  }
  const text = params.toString();
  return `?${text}`;
}

/** The parameters that a question of the API takes for it. */
export function queryOf(state: ViewState): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of SCOPE_FIELDS) if (state[name] !== '') params.set(name, state[name]);
  params.set('since', state.since);
  return params;
}
