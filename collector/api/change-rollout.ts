import type { RequestHandler } from 'express';
import express from 'express';
import { rolloutChangeSchema, rolloutSchema, rolloutWithdrawalSchema } from '../../schemas/rollout.js';
import type { Rollouts } from '../rollout/loop.js';
import { scopeWords } from '../rollout/scopes.js';
import type { Guard } from './guard.js';
import { answering, readQuery } from './request.js';

/** What the reference says of it. */
export const rolloutRoute = {
  path: '/rollouts',
  summary: 'Asks for a mode in a scope, in place of what was asked for there before. Takes an admin key.',
  change: rolloutChangeSchema,
  withdrawal: rolloutWithdrawalSchema,
  withdrawalSummary:
    'Withdraws what is asked for in a scope, so that what is asked for a wider one counts. Answers with what was asked for. Takes an admin key.',
  response: rolloutSchema,
} as const;

/** Lets people ask for another mode. */
export function changeRollout(rollouts: Rollouts, guard: Guard): RequestHandler[] {
  return [
    express.json({ limit: '16kb' }),
    answering((request) => {
      const change = readQuery(rolloutChangeSchema, request.body ?? {});
      return rollouts.set(change, guard.callerOf(request).id);
    }),
  ];
}

/** Lets people withdraw what was asked for. */
export function withdrawRollout(rollouts: Rollouts, guard: Guard): RequestHandler {
  return answering(async (request, response) => {
    const withdrawal = readQuery(rolloutWithdrawalSchema, request.query);
    const withdrawn = await rollouts.withdraw(withdrawal, guard.callerOf(request).id);
    if (withdrawn !== null) return withdrawn;
    response.status(404);
    const message = `Nothing is asked for ${scopeWords(withdrawal)} by itself; GET /v1/rollouts tells what is asked for.`;
    return { error: { message } };
  });
}
