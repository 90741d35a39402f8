import * as z from 'zod';
import { budgetSchema } from '../../../schemas/budget.js';
import type { Scope } from '../../../schemas/gate.js';
import { gapSchema, gateAnswerSchema, scopeSchema, scoreSchema } from '../../../schemas/gate.js';
import { spendRowSchema } from '../../store/questions/spend.js';
import { askWaybill, queryOf } from '../ask.js';

const PATIENCE_MS = 60_000;

/** What the overview of the page shows, as one document. */
export interface Report {
  readonly version: 1;
  readonly madeAt: string;
  /** How far back, such as `7d`. */
  readonly since: string;
  readonly scope: Scope;
  /** What the spend is broken down by. */
  readonly by: readonly string[];
  readonly score: z.infer<typeof scoreSchema>;
  readonly gate: z.infer<typeof gateAnswerSchema>;
  readonly spend: readonly z.infer<typeof spendRowSchema>[];
  readonly gaps: readonly z.infer<typeof gapSchema>[];
  readonly budgets: readonly z.infer<typeof budgetSchema>[];
}

export interface ReportQuestion {
  readonly scope: Scope;
  readonly since: string;
  readonly by: string;
  /** Rows of spend and gaps at most. */
  readonly limit: string;
}

/** Asks a running Waybill the questions that its page asks. @throws UsageError that says what is wrong */
export async function askReport(url: string, { scope, since, by, limit }: ReportQuestion): Promise<Report> {
  const asked = scopeSchema.parse(scope);
  const ask = <Schema extends z.ZodType>(path: string, query: object, schema: Schema): Promise<z.infer<Schema>> =>
    askWaybill(url, `/v1/${path}?${queryOf({ ...asked, since, ...query })}`, schema, PATIENCE_MS);
  const [{ score }, gate, { spend }, { gaps }, { budgets }] = await Promise.all([
    ask('score', {}, z.object({ score: scoreSchema })),
    ask('gate', { keep: 'false' }, gateAnswerSchema),
    ask('spend', { by, limit }, z.object({ spend: z.array(spendRowSchema) })),
    ask('gaps', { limit }, z.object({ gaps: z.array(gapSchema) })),
    // A budget is of its policy and of its own period, whatever else is asked.
    askWaybill(
      url,
      `/v1/budgets?${queryOf({ policy: asked.policy })}`,
      z.object({ budgets: z.array(budgetSchema) }),
      PATIENCE_MS,
    ),
  ]);
  return {
    version: 1,
    madeAt: new Date().toISOString(),
    since,
    scope: asked,
    by: by.split(','),
    score,
    gate,
    spend,
    gaps,
    budgets,
  };
}
