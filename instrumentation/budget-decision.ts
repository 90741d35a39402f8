import { context, diag, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { RESERVATION_ID } from '../schemas/attributes.js';
import { getAttribution } from './attribution.js';

/** How to ask Waybill before a call. */
export interface GuardOptions {
  /** Where Waybill answers, such as `http://waybill:4319`. */
  readonly url: string;
  /** A key with the role `ingest`, where there are keys. */
  readonly key?: string | undefined;
  /** How long to wait for the answer; default: 250. */
  readonly timeoutMs?: number | undefined;
  /** What to do without an answer; default: `open`, and the call is made. */
  readonly fail?: 'open' | 'closed' | undefined;
  /** Is told of every decision. What it throws is not caught. */
  readonly onDecision?: ((decision: BudgetDecision) => void) | undefined;
}

/** What Waybill decided, or what counts where it did not. */
export interface BudgetDecision {
  readonly decision: 'allow' | 'warn' | 'deny';
  /** Why, in a sentence. */
  readonly message: string;
  /** US dollars as a decimal string; null: no limit, or not known. */
  readonly remainingUsd: string | null;
  readonly reservationId: string | null;
  /** Whether Waybill answered; where it did not, the decision is that of `fail`. */
  readonly answered: boolean;
}

/** What a call may cost at most, US dollars as a decimal string; undefined: Waybill goes by its contract. */
export type EstimatedUsd = string | undefined;

const TIMEOUT_MS = 250;

/**
 * Asks Waybill whether the budget of the active attribution allows a call, and sets what it costs aside. The reservation
 * is stamped on the active span, so that the audited call settles it. Never throws.
 */
export async function decideBudget(options: GuardOptions, estimatedCostUsd?: EstimatedUsd): Promise<BudgetDecision> {
  const decision = await answerOf(options, estimatedCostUsd);
  if (decision.reservationId !== null) trace.getActiveSpan()?.setAttribute(RESERVATION_ID, decision.reservationId);
  options.onDecision?.(decision);
  return decision;
}

async function answerOf(options: GuardOptions, estimatedCostUsd: EstimatedUsd): Promise<BudgetDecision> {
  const { url, key, timeoutMs = TIMEOUT_MS } = options;
  const { tenant, feature, policy } = getAttribution();
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  try {
    // Not a part of the work that is traced, nor a place to send attribution to.
    const response = await context.with(suppressTracing(context.active()), () =>
      fetch(new URL('/v1/decisions', url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({ tenant, feature, policy, estimatedCostUsd, traceId }),
        signal: AbortSignal.timeout(timeoutMs),
      }),
    );
    const text = await response.text();
    if (!response.ok) return failed(options, `it answered ${response.status}: ${text.slice(0, 200)}`);
    return readDecision(JSON.parse(text)) ?? failed(options, 'its answer is not understood');
  } catch (error) {
    return failed(options, error instanceof Error ? error.message : String(error));
  }
}

function failed({ fail = 'open', url }: GuardOptions, reason: string): BudgetDecision {
  diag.warn(`Waybill at ${url} did not decide (${reason}): the call is ${fail === 'open' ? 'made' : 'not made'}.`);
  const message =
    fail === 'open' ? 'Waybill did not answer, and the call is made.' : 'Waybill did not answer, so nothing is spent.';
  const decision = fail === 'open' ? 'allow' : 'deny';
  return { decision, message, remainingUsd: null, reservationId: null, answered: false };
}

function readDecision(answer: unknown): BudgetDecision | null {
  const decision = read(answer, 'decision');
  if (decision !== 'allow' && decision !== 'warn' && decision !== 'deny') return null;
  return {
    decision,
    message: read(answer, 'message') ?? '',
    remainingUsd: read(answer, 'remainingUsd'),
    reservationId: read(answer, 'reservationId'),
    answered: true,
  };
}

function read(answer: unknown, name: string): string | null {
  const value: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : null;
  return typeof value === 'string' ? value : null;
}

/** The body of an answer to a call that is not made, in the shape that clients of OpenAI read. */
export function deniedBody({ message }: BudgetDecision): { readonly error: object } {
  return { error: { message, type: 'budget_exceeded', code: 'budget_exceeded', param: null } };
}
