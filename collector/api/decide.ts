import type { RequestHandler } from 'express';
import express from 'express';
import { matchesWildcard } from '../../auditor/policy/resolve.js';
import type { DecisionRequest } from '../../schemas/decision.js';
import { decisionRequestSchema, decisionSchema } from '../../schemas/decision.js';
import type { Decisions } from '../decisions/start.js';
import { NotAllowed } from '../keys/errors.js';
import type { Caller } from '../keys/key-ring.js';
import { isBound } from '../keys/key-ring.js';
import type { Guard } from './guard.js';
import { answering, readQuery } from './request.js';

/** What the reference says of it. */
export const decisionRoute = {
  path: '/decisions',
  summary:
    'May this call be made? Decides by what is left of the budget, and sets its estimate aside. Takes an ingest key, bound to the tenant or to none.',
  request: decisionRequestSchema,
  response: decisionSchema,
} as const;

/** Lets gateways and applications ask before a call. */
export function decide(decisions: Decisions, guard: Guard): RequestHandler[] {
  return [
    express.json({ limit: '16kb' }),
    answering((request) => {
      const asked = readQuery(decisionRequestSchema, request.body ?? {});
      const caller = guard.callerOf(request);
      requireTenant(caller, asked);
      return decisions.decide(asked, caller.id);
    }),
  ];
}

/** @throws NotAllowed where a caller may not speak for the tenant */
export function requireTenant(caller: Caller, { tenant }: DecisionRequest): void {
  if (!isBound(caller)) return;
  if (tenant !== null && tenant !== undefined && caller.tenants.some((one) => matchesWildcard(one, tenant))) return;
  throw new NotAllowed(`Your key may not ask for tenant '${tenant ?? ''}'.`);
}
