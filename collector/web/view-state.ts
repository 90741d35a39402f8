/** What the page looks at. It lives in the address alone, so that whoever is sent the address sees the same. */
export interface ViewState {
  readonly tenant: string;
  readonly feature: string;
  readonly policy: string;
  readonly service: string;
  /** How far back, such as `7d`. */
  readonly since: string;
}

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
  };
}

/** The query part of the page's address, with its `?`; empty where everything is as it is by default. */
export function addressOf(state: ViewState): string {
  const params = queryOf(state);
  if (state.since === DEFAULT_SINCE) params.delete('since');
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** The parameters that a question of the API takes for it. */
export function queryOf(state: ViewState): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of SCOPE_FIELDS) if (state[name] !== '') params.set(name, state[name]);
  params.set('since', state.since);
  return params;
}
