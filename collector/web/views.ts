import type { ComponentType } from 'preact';
import { Budgets } from './budgets.js';
import { HopMap } from './hop-map.js';
import { Overview } from './overview.js';
import { Policies } from './policies.js';
import { Readiness } from './readiness.js';
import { RolloutView } from './rollout.js';
import { Rules } from './rules.js';
import { Spend } from './spend.js';
import { TraceView } from './trace-view.js';
import { SCOPE_FIELDS } from './view-state.js';
import type { ScopeField, Shown, ViewName } from './view-state.js';

interface View {
  readonly name: ViewName;
  /** In the navigation. */
  readonly label: string;
  readonly title: string;
  /** One sentence: what the view shows. */
  readonly lead: string;
  /** What chooses what it shows, beside the time; null: neither does. */
  readonly scope: readonly ScopeField[] | null;
  readonly Content: ComponentType<Shown>;
}

/** The views, in the order of the navigation. */
export const VIEWS: Readonly<Record<ViewName, View>> = {
  overview: {
    name: 'overview',
    label: 'Overview',
    title: 'Is attribution good enough here to start blocking?',
    lead: 'The gate’s answer, the spend you could defend, and the gaps by the money behind them.',
    scope: SCOPE_FIELDS,
    Content: Overview,
  },
  hops: {
    name: 'hops',
    label: 'Hop map',
    title: 'Where attribution dies',
    lead: 'Services and the hops between them: as wide as their spend, coloured by what survives.',
    scope: SCOPE_FIELDS,
    Content: HopMap,
  },
  spend: {
    name: 'spend',
    label: 'Spend',
    title: 'Who spends what',
    lead: 'Known costs, counted once. What nobody is named for, and what has no known cost, stand by themselves.',
    scope: SCOPE_FIELDS,
    Content: Spend,
  },
  budgets: {
    name: 'budgets',
    label: 'Budgets',
    title: 'How far the budgets are spent',
    lead: 'Each policy’s known spend against its limit in the period that runs now, and when it is expected to run out.',
    scope: ['policy'],
    Content: Budgets,
  },
  readiness: {
    name: 'readiness',
    label: 'Readiness',
    title: 'Who may be blocked today',
    lead: 'The gate per tenant and policy: what was observed against what is required, and the evidence to take along.',
    scope: SCOPE_FIELDS,
    Content: Readiness,
  },
  rollout: {
    name: 'rollout',
    label: 'Rollout',
    title: 'How far enforcement is rolled out',
    lead: 'What was asked for, what the gate lets hold, and how it came to be so. Nothing ever goes above what was asked.',
    scope: null,
    Content: RolloutView,
  },
  policies: {
    name: 'policies',
    label: 'Policies',
    title: 'Do the policies fit how requests flow',
    lead: 'What each budget policy would and would not see, in dollars and by route.',
    scope: SCOPE_FIELDS,
    Content: Policies,
  },
  rules: {
    name: 'rules',
    label: 'Rules',
    title: 'What is checked, and why',
    lead: 'Every rule with the smallest route that breaks it.',
    scope: null,
    Content: Rules,
  },
  trace: {
    name: 'trace',
    label: 'Trace',
    title: 'One trace, station by station',
    lead: 'What each station showed, where it broke, and what every call cost. Prompts and answers are never kept.',
    scope: null,
    Content: TraceView,
  },
};
