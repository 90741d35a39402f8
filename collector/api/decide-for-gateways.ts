import type { Request, RequestHandler } from 'express';
import express from 'express';
import * as z from 'zod';
import type { CompiledContract } from '../../auditor/contract.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import { auditedAttributes } from '../../schemas/contract.js';
import type { Decision, DecisionRequest } from '../../schemas/decision.js';
import { decisionRequestSchema } from '../../schemas/decision.js';
import type { Decisions } from '../decisions/start.js';
import { requireTenant } from './decide.js';
import type { Guard } from './guard.js';
import { answering, readQuery } from './request.js';

/** What gateways ask in shapes of their own. */
export interface GatewayDecisions {
  readonly decisions: Decisions;
  readonly contract: CompiledContract;
  readonly guard: Guard;
}

/** Portkey sends the whole request along, prompt and all; of that nothing is read. */
const MAX_WEBHOOK_BYTES = '8mb';

const portkeySchema = z.object({
  eventType: z.string().default('beforeRequestHook'),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * Answers Portkey's webhook guardrail: `verdict` is false where the call is denied. Whose it is stands in the metadata
 * of the request, under the names `tenant`, `feature` and `policy` or the keys of the contract; beside them `trace_id`
 * and `estimated_cost_usd` may stand.
 * https://portkey.ai/docs/integrations/guardrails/bring-your-own-guardrails
 */
export function decideForPortkey({ decisions, contract, guard }: GatewayDecisions): RequestHandler[] {
  return [
    express.json({ limit: MAX_WEBHOOK_BYTES }),
    answering(async (request) => {
      const { eventType, metadata } = readQuery(portkeySchema, request.body ?? {});
      // What was answered already cannot be stopped.
      if (eventType !== 'beforeRequestHook') return { verdict: true };
      const values = (key: string): string | undefined => textOf(metadata?.[key]);
      const decision = await decideFor(decisions, guard, request, {
        ...attributionBy(contract, values),
        estimatedCostUsd: values('estimated_cost_usd'),
        traceId: values('trace_id'),
      });
      return { verdict: decision.decision !== 'deny', data: decision };
    }),
  ];
}

/**
 * Answers a proxy that asks by HTTP whether to let a request through, such as Envoy's ext_authz: 200 or 403, whatever
 * the method and the path. Whose it is stands in `x-waybill-tenant`, `-feature` and `-policy`, else in W3C baggage under
 * the keys of the contract; `x-waybill-estimated-cost-usd` may stand beside them. The answer tells the decision and the
 * reservation in headers, for the proxy to add to the request.
 */
export function decideForProxies({ decisions, contract, guard }: GatewayDecisions): RequestHandler {
  return answering(async (request, response) => {
    const baggage = baggageIn(request.get('baggage') ?? '');
    const attribution = attributionBy(contract, (key) => request.get(`x-waybill-${key}`) ?? baggage.get(key));
    const decision = await decideFor(decisions, guard, request, {
      ...attribution,
      estimatedCostUsd: request.get('x-waybill-estimated-cost-usd'),
      traceId: /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(request.get('traceparent') ?? '')?.[1],
    });
    const { decision: answer, reservationId, message } = decision;
    response.set('x-waybill-decision', answer);
    if (reservationId !== null) response.set('x-waybill-reservation-id', reservationId);
    if (answer !== 'deny') return decision;
    response.status(403);
    return { error: { message, type: 'budget_exceeded', code: 'budget_exceeded', param: null } };
  });
}

function decideFor(decisions: Decisions, guard: Guard, request: Request, told: DecisionRequest): Promise<Decision> {
  const asked = readQuery(decisionRequestSchema, told);
  const caller = guard.callerOf(request);
  requireTenant(caller, asked);
  return decisions.decide(asked, caller.id);
}

/** Finds each attribute under its name, else under its key in the contract, else under an alias. */
function attributionBy(
  contract: CompiledContract,
  valueOf: (key: string) => string | undefined,
): Partial<Record<AuditedAttribute, string | undefined>> {
  const found: Partial<Record<AuditedAttribute, string | undefined>> = {};
  for (const name of auditedAttributes) {
    const { key, aliases } = contract.source.attributes[name];
    for (const one of [name, key, ...aliases]) found[name] ??= valueOf(one);
  }
  return found;
}

/** W3C baggage without its properties. What is not well written is not there. https://www.w3.org/TR/baggage/ */
function baggageIn(header: string): ReadonlyMap<string, string> {
  return new Map(
    header.split(',').flatMap((member) => {
      const [pair = ''] = member.split(';');
      const at = pair.indexOf('=');
      if (at === -1) return [];
      try {
        return [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())] as const];
      } catch {
        return [];
      }
    }),
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
