/** The views, in the order of the navigation. A trace is looked at from the others. */
export const VIEW_NAMES = [
  'overview',
  'hops',
  'spend',
  'budgets',
  'readiness',
  'rollout',
  'policies',
  'rules',
  'trace',
] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

/** What the page looks at. It lives in the address alone, so that whoever is sent the address sees the same. */
export interface ViewState {
  readonly tenant: string;
  readonly feature: string;
  readonly policy: string;
  readonly service: string;
  /** How far back, such as `7d`. */
  readonly since: string;
  readonly view: ViewName;
  /** Which attribute the hop map is drawn for. */
  readonly attribute: (typeof ATTRIBUTES)[number];
  /** The hop that is looked at; both empty: none. */
  readonly from: string;
  readonly to: string;
  /** The trace that is looked at. */
  readonly trace: string;
  /** What spend is broken down by: one dimension, or two with a comma. */
  readonly by: string;
  /** The rule that is explained; empty: all are listed. */
  readonly rule: string;
}

/** What every view is given. */
export interface Shown {
  readonly view: ViewState;
  readonly look: (next: ViewState) => void;
}

export const ATTRIBUTES = ['all', 'tenant', 'feature', 'policy'] as const;

export const SCOPE_FIELDS = ['tenant', 'feature', 'policy', 'service'] as const;
export type ScopeField = (typeof SCOPE_FIELDS)[number];

export const RANGES = [
  { since: '24h', label: 'Last 24 hours' },
  { since: '7d', label: 'Last 7 days' },
  { since: '30d', label: 'Last 30 days' },
  { since: '90d', label: 'Last 90 days' },
] as const;

const DEFAULTS: ViewState = {
  tenant: '',
  feature: '',
  policy: '',
  service: '',
  since: '7d',
  view: 'overview',
  attribute: 'all',
  from: '',
  to: '',
  trace: '',
  by: 'tenant',
  rule: '',
};

/** What belongs to one view alone, and is left out of the addresses of the others. */
const OWN: Readonly<Partial<Record<ViewName, readonly (keyof ViewState)[]>>> = {
  hops: ['attribute', 'from', 'to'],
  trace: ['trace'],
  spend: ['by'],
  rules: ['rule'],
};

/** Reads the query part of an address. What it does not name is everything, over seven days. */
export function readViewState(search: string): ViewState {
  const params = new URLSearchParams(search);
  const named = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, otherwise]: [string, string]) => [name, params.get(name) ?? otherwise]),
  );
  return {
    ...DEFAULTS,
    ...named,
    view: VIEW_NAMES.find((one) => one === params.get('view')) ?? DEFAULTS.view,
    attribute: ATTRIBUTES.find((one) => one === params.get('attribute')) ?? DEFAULTS.attribute,
  };
}

/** The query part of the page's address; `?` alone where everything is as it is by default. */
export function addressOf(state: ViewState): string {
  const params = new URLSearchParams();
  for (const name of [...SCOPE_FIELDS, 'since', 'view', ...(OWN[state.view] ?? [])] as const) {
    if (state[name] !== DEFAULTS[name]) params.set(name, state[name]);
  }
  return `?${params.toString()}`;
}

/** The address of the same scope and time in another view. */
export function addressIn(state: ViewState, next: Partial<ViewState>): string {
  return addressOf({ ...state, ...next });
}

/** The parameters that a question of the API takes for it. */
export function queryOf(state: ViewState): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of SCOPE_FIELDS) if (state[name] !== '') params.set(name, state[name]);
  params.set('since', state.since);
  return params;
}
