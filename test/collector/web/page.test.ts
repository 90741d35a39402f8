import { describe } from 'vitest';
import { showPage } from '../../support/shown-page.js';
import { budgets } from './views/budgets.js';
import { everyView } from './views/every-view.js';
import { hopMap } from './views/hop-map.js';
import { live } from './views/live.js';
import { overview } from './views/overview.js';
import { policies } from './views/policies.js';
import { readiness } from './views/readiness.js';
import { rollout } from './views/rollout.js';
import { rules } from './views/rules.js';
import { spend } from './views/spend.js';
import { trace } from './views/trace.js';

// One server and one browser for all views: to start them takes longer than to test any.
const shown = showPage();

describe('the overview', () => overview(shown));
describe('the hop map', () => hopMap(shown));
describe('a trace', () => trace(shown));
describe('spend', () => spend(shown));
describe('readiness', () => readiness(shown));
describe('the rollout', () => rollout(shown));
describe('policies', () => policies(shown));
describe('budgets', () => budgets(shown));
describe('the rules', () => rules(shown));
describe('new audits', () => live(shown));
describe('every view', () => everyView(shown));
