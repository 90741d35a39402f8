import * as z from 'zod';
import { proposeContract } from '../../auditor/propose-contract.js';
import { describedRules } from '../../auditor/rules/describe.js';
import { scoreOf } from '../../auditor/score/score.js';
import { severitySchema } from '../../schemas/audit.js';
import { describedRuleSchema } from '../../schemas/described-rule.js';
import { gapSchema, gateAnswerSchema, scopeSchema, scoreSchema } from '../../schemas/gate.js';
import { raisedAlertSchema } from '../../schemas/alert.js';
import { budgetSchema } from '../../schemas/budget.js';
import { accountSchema, auditLogEntrySchema } from '../../schemas/key.js';
import { policyFitSchema } from '../../schemas/policy-fit.js';
import { simulationSchema } from '../../schemas/simulation.js';
import { proposalSchema } from '../../schemas/contract.js';
import { decisionSummarySchema } from '../../schemas/decision.js';
import { rolloutsSchema, rolloutTurnSchema } from '../../schemas/rollout.js';
import { proposedYaml } from '../contract/write.js';
import { readAuditLog } from '../keys/audit-log.js';
import { ANYONE } from '../keys/key-ring.js';
import { listRollouts } from '../rollout/list.js';
import { rolloutHistory } from '../rollout/stored.js';
import { keptAlerts, raisedAlertOf } from '../store/alerts.js';
import { summarizeDecisions } from '../store/questions/decisions.js';
import { budgetStates, watchedBudgets } from '../store/questions/budgets.js';
import { findGaps } from '../store/questions/gaps.js';
import { askGate, durationUs, gateHistory } from '../store/questions/gate.js';
import { hopRowSchema, listHops } from '../store/questions/hops.js';
import { listCalls, listedCallSchema } from '../store/questions/list-calls.js';
import { listRoutes, routeRowSchema } from '../store/questions/routes.js';
import { policyFit } from '../store/questions/policy-fit.js';
import { listScopes, scopeRowSchema } from '../store/questions/scopes.js';
import { seenIn } from '../store/questions/seen.js';
import { seriesOf, seriesPointSchema } from '../store/questions/series.js';
import { simulate } from '../store/questions/simulate.js';
import { spendBy, spendDimensionSchema, spendRowSchema } from '../store/questions/spend.js';
import { tallyCalls } from '../store/questions/tally.js';
import { BadRequest, gateQuerySchema, questionSchema, windowOf } from './request.js';
import { simulateQuerySchema, simulationAsked } from './simulate-request.js';
import type { Question } from './question.js';
import { question } from './question.js';

const limit = z.coerce.number().int().min(1).max(1_000).default(100).describe('How many to return at most');

const severities = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(severitySchema).min(1))
  .default([...severitySchema.options])
  .describe(`Comma separated: ${severitySchema.options.join(', ')}`);

/** Every question, in the order of the reference. */
export const questions: readonly Question[] = [
  question({
    path: '/gate',
    summary:
      'May enforcement be rolled out in this scope? The window is that of the contract, or `since`; the answer is kept.',
    query: gateQuerySchema.extend({
      keep: z
        .enum(['true', 'false'])
        .default('true')
        .describe('`false`: only look, the answer is not kept as evidence'),
    }),
    response: gateAnswerSchema,
    answer: async ({ since, keep, ...scope }, { store, contract, nowUs, note }) => {
      const answer = await askGate(store, contract.source, scope, nowUs, since, keep === 'true');
      if (keep === 'true') note('gate-asked', `${answer.answer} for ${JSON.stringify(scope)}`);
      return answer;
    },
  }),
  question({
    path: '/gate/history',
    summary: 'The answers that the gate gave for exactly this scope, newest first.',
    query: scopeSchema.extend({ limit }),
    response: z.object({ answers: z.array(z.object({ askedAt: z.string(), answer: gateAnswerSchema })) }),
    answer: async ({ limit: most, ...scope }, { store }) => ({ answers: await gateHistory(store, scope, most) }),
  }),
  question({
    path: '/scopes',
    summary: 'The pairs of tenant and policy that calls are about, most spend first: what the gate can be asked about.',
    query: questionSchema.extend({ limit }),
    response: z.object({ scopes: z.array(scopeRowSchema) }),
    answer: async ({ limit: most, ...query }, { store, nowUs }) => ({
      scopes: await listScopes(store, query, windowOf(query, nowUs), most),
    }),
  }),
  question({
    path: '/rollouts',
    summary: 'How far enforcement is rolled out: what was asked for, by whom and why, and what holds in each scope.',
    query: z.strictObject({}),
    response: rolloutsSchema,
    answer: async (_query, { store, caller }) => ({
      ...(await listRollouts(store)),
      mayChange: caller.role === 'admin',
    }),
  }),
  question({
    path: '/rollouts/history',
    summary: 'Every mode that was asked for, and every change of what held, newest first.',
    query: questionSchema.pick({ tenant: true, policy: true }).extend({ limit }),
    response: z.object({ turns: z.array(rolloutTurnSchema) }),
    answer: async ({ limit: most, ...scope }, { store }) => ({ turns: await rolloutHistory(store, scope, most) }),
  }),
  question({
    path: '/decisions/summary',
    summary:
      'Decisions by policy and mode beside what the audit found out later: false blocks, misses, and how far what was held for spent was from what was.',
    query: questionSchema.pick({ tenant: true, policy: true, since: true, from: true, to: true }),
    response: z.object({ summary: z.array(decisionSummarySchema) }),
    answer: async ({ tenant, policy, ...query }, { store, contract, nowUs }) => ({
      summary: await summarizeDecisions(store, contract.source, { tenant, policy }, windowOf(query, nowUs), nowUs),
    }),
  }),
  question({
    path: '/score',
    isForTenants: true,
    summary: 'The attribution-quality score, beside the row-level share and the share in which each question holds.',
    query: questionSchema,
    response: z.object({ score: scoreSchema }),
    answer: async (query, { store, nowUs }) => ({
      score: scoreOf(await tallyCalls(store, query, windowOf(query, nowUs))),
    }),
  }),
  question({
    path: '/series',
    isForTenants: true,
    summary:
      'Score, row-level share and spend by verdict over time: hours, days, weeks or longer, at most 100, in UTC.',
    query: questionSchema,
    response: z.object({ series: z.array(seriesPointSchema) }),
    answer: async (query, { store, nowUs }) => ({ series: await seriesOf(store, query, windowOf(query, nowUs)) }),
  }),
  question({
    path: '/gaps',
    isForTenants: true,
    summary: 'What is wrong, by rule, attribute and hop, most spend first, each with its fix.',
    query: questionSchema.extend({ limit, severity: severities }),
    response: z.object({ gaps: z.array(gapSchema) }),
    answer: async ({ limit: most, severity, ...query }, { store, nowUs }) => ({
      gaps: await findGaps(store, query, windowOf(query, nowUs), { severities: severity, limit: most }),
    }),
  }),
  question({
    path: '/spend',
    isForTenants: true,
    summary: 'Spend by one dimension or two together; unattributed spend and unknown costs stand by themselves.',
    query: questionSchema.extend({
      limit,
      by: z
        .string()
        .default('tenant')
        .transform((text) => text.split(','))
        .pipe(z.array(spendDimensionSchema).min(1).max(2))
        .describe(`One or two, comma separated: ${spendDimensionSchema.options.join(', ')}`),
    }),
    response: z.object({ spend: z.array(spendRowSchema) }),
    answer: async ({ limit: most, by, ...query }, { store, nowUs }) => ({
      spend: await spendBy(store, by, query, windowOf(query, nowUs), most),
    }),
  }),
  question({
    path: '/hops',
    isForTenants: true,
    summary: 'The hops that calls crossed, most spend first, and how much attribution is still there behind each.',
    query: questionSchema.extend({ limit }),
    response: z.object({ hops: z.array(hopRowSchema) }),
    answer: async ({ limit: most, ...query }, { store, nowUs }) => ({
      hops: await listHops(store, query, windowOf(query, nowUs), most),
    }),
  }),
  question({
    path: '/routes',
    isForTenants: true,
    summary: 'The different routes that calls took, most spend first.',
    query: questionSchema.extend({ limit }),
    response: z.object({ routes: z.array(routeRowSchema) }),
    answer: async ({ limit: most, ...query }, { store, nowUs }) => ({
      routes: await listRoutes(store, query, windowOf(query, nowUs), most),
    }),
  }),
  question({
    path: '/calls',
    isForTenants: true,
    summary: 'Audited calls with their findings, newest first, page by page.',
    query: questionSchema.extend({ limit, cursor: z.string().optional().describe('`next` of the page before') }),
    response: z.object({ calls: z.array(listedCallSchema), next: z.string().nullable() }),
    answer: async ({ limit: most, cursor, ...query }, { store, nowUs }) => {
      try {
        return await listCalls(store, query, windowOf(query, nowUs), { limit: most, cursor });
      } catch (error) {
        throw error instanceof RangeError ? new BadRequest(error.message) : error;
      }
    },
  }),
  question({
    path: '/simulate',
    summary: 'What blocking would have done in a window: blocked, falsely blocked and escaped spend, and overshoot.',
    query: simulateQuerySchema,
    response: simulationSchema,
    takesLong: true,
    answer: (query, context) => simulate(context.store, context.contract, simulationAsked(query, context)),
  }),
  question({
    path: '/budgets',
    summary:
      'Each policy with a limit: spend of the period that runs now, thresholds crossed, and when it is expected to run out.',
    query: questionSchema.pick({ policy: true }).extend({
      since: gateQuerySchema.shape.since.describe(
        'How far back the forecast goes; left out: 2 hours for an hourly budget, 24 hours for a daily, 7 days for a weekly, 28 for a monthly',
      ),
    }),
    response: z.object({ budgets: z.array(budgetSchema) }),
    answer: async ({ policy, since }, { store, contract, nowUs }) => ({
      budgets: await budgetStates(
        store,
        watchedBudgets(contract.source, policy),
        nowUs,
        since === undefined ? undefined : durationUs(since),
      ),
    }),
  }),
  question({
    path: '/alerts',
    summary: 'What people were warned of, newest first, and whether each channel was told.',
    query: questionSchema.pick({ since: true, from: true, to: true }).extend({ limit }),
    response: z.object({ alerts: z.array(raisedAlertSchema) }),
    answer: async ({ limit: most, ...query }, { store, nowUs }) => {
      const kept = await keptAlerts(store, windowOf(query, nowUs), most);
      return { alerts: kept.map((one) => raisedAlertOf(one, nowUs)) };
    },
  }),
  question({
    path: '/policies',
    summary: 'What each budget policy would and would not see, in dollars and by route; and which see nothing.',
    query: questionSchema,
    response: z.object({ policies: z.array(policyFitSchema) }),
    answer: async (query, { store, contract, nowUs }) => ({
      policies: await policyFit(store, contract, query, windowOf(query, nowUs)),
    }),
  }),
  question({
    path: '/rules',
    isForTenants: true,
    summary: 'The rules in their own words, each with the audit of the smallest route that breaks it.',
    query: z.strictObject({}),
    response: z.object({ rules: z.array(describedRuleSchema) }),
    answer: () => Promise.resolve({ rules: describedRules() }),
  }),
  question({
    path: '/contract/proposal',
    summary: 'A contract to begin with, from the services, keys and values that the spans of a window show.',
    query: questionSchema.pick({ since: true }),
    response: proposalSchema,
    answer: async ({ since = '7d' }, { store, nowUs }) => {
      const seen = await seenIn(store, windowOf({ since }, nowUs));
      return { yaml: proposedYaml(proposeContract(seen), { since, traces: seen.traces }) };
    },
  }),
  question({
    path: '/account',
    isForTenants: true,
    summary: 'Who asks: the key that is shown, or that a browser has logged in with.',
    query: z.strictObject({}),
    response: accountSchema,
    answer: (_query, { caller: { id, role, tenants } }) =>
      Promise.resolve({ key: id === ANYONE.id ? null : id, role, tenants }),
  }),
  question({
    path: '/audit-log',
    role: 'admin',
    summary: 'Who used which key, and who changed keys, contract and gate; newest first. Takes an admin key.',
    query: z.strictObject({ limit }),
    response: z.object({ entries: z.array(auditLogEntrySchema) }),
    answer: async ({ limit: most }, { store }) => ({ entries: await readAuditLog(store, most) }),
  }),
];
