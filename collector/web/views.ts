import type { ComponentType } from 'preact';
import { HopMap } from './hop-map.js';
import { Overview } from './overview.js';
import { Policies } from './policies.js';
import { Readiness } from './readiness.js';
import { Rules } from './rules.js';
import { Spend } from './spend.js';
import { TraceView } from './trace-view.js';
import type { Shown, ViewName } from './view-state.js';

interface View {
  readonly name: ViewName;
  /** In the navigation. */
  readonly label: string;
  readonly title: string;
  /** One sentence: what the view shows. */
  readonly lead: string;
  /** Whether scope and time choose what it shows. */
  readonly isScoped: boolean;
  readonly Content: ComponentType<Shown>;
}

/** The views, in the order of the navigation. */
export const VIEWS: Readonly<Record<ViewName, View>> = {
  overview: {
    name: 'overview',
    label: 'Overview',
    title: 'Is attribution good enough here to start blocking?',
    lead: 'The gate’s answer, the spend you could defend, and the gaps by the money behind them.',
    isScoped: true,
    Content: Overview,
  },
  hops: {
    name: 'hops',
    label: 'Hop map',
    title: 'Where attribution dies',
    lead: 'Services and the hops between them: as wide as their spend, coloured by what survives.',
    isScoped: true,
    Content: HopMap,
  },
  spend: {
    name: 'spend',
    label: 'Spend',
    title: 'Who spends what',
    lead: 'Known costs, counted once. What nobody is named for, and what has no known cost, stand by themselves.',
    isScoped: true,
    Content: Spend,
  },
  readiness: {
    name: 'readiness',
    label: 'Readiness',
    title: 'Who may be blocked today',
    lead: 'The gate per tenant and policy: what was observed against what is required, and the evidence to take along.',
    isScoped: true,
    Content: Readiness,
  },
  policies: {
    name: 'policies',
    label: 'Policies',
    title: 'Do the policies fit how requests flow',
    lead: 'What each budget policy would and would not see, in dollars and by route.',
    isScoped: true,
    Content: Policies,
  },
  rules: {
    name: 'rules',
    label: 'Rules',
    title: 'What is checked, and why',
    lead: 'Every rule with the smallest route that breaks it.',
    isScoped: false,
    Content: Rules,
  },
  trace: {
    name: 'trace',
    label: 'Trace',
    title: 'One trace, station by station',
    lead: 'What each station showed, where it broke, and what every call cost. Prompts and answers are never kept.',
    isScoped: false,
    Content: TraceView,
  },
};
