import type { RequestHandler } from 'express';
import express from 'express';
import { rolloutChangeSchema, rolloutSchema } from '../../schemas/rollout.js';
import type { Rollouts } from '../rollout/loop.js';
import type { Guard } from './guard.js';
import { answering, readQuery } from './request.js';

/** What the reference says of it. */
export const rolloutRoute = {
  path: '/rollouts',
  summary: 'Asks for a mode in a scope, in place of what was asked for there before. Takes an admin key.',
  change: rolloutChangeSchema,
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
