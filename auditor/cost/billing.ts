import type { CallFacts, Usage } from '../../schemas/span.js';
import type { CompiledContract } from '../contract.js';
import type { Path } from '../trace/route.js';
import type { SpanNode } from '../trace/trace.js';
import { hasFailed } from '../trace/trace.js';
import { costOf } from './cost.js';

/** What a billable call is charged for, and why. */
export interface Billing {
  readonly provider: string;
  readonly model: string;
  readonly responseId: string;
  /** Null: no span that speaks for this call alone has counted its tokens. */
  readonly usage: Usage | null;
  /** The span whose usage was counted: the call's own, or that of a call above it. */
  readonly usageNode: SpanNode | null;
  /** Units of 1e-12 dollars; null: unknown. */
  readonly costPico: bigint | null;
  /** Where the price came from; null where there is none, or nothing to price. */
  readonly priceSource: string | null;
}

/** Works out usage, model and cost of a billable call. */
export function billingOf({ call, echoes }: Path, contract: CompiledContract): Billing {
  const facts = factsOf(call);
  const usageNode = usageSource(call, echoes);
  const source = usageNode === null ? facts : factsOf(usageNode);
  // A gateway's span often lacks what the client above it knows.
  const provider = facts.provider || source.provider || firstSaid(echoes, (one) => one.provider);
  const responseModel = facts.responseModel || source.responseModel;
  const requestModel = facts.requestModel || source.requestModel || firstSaid(echoes, (one) => one.requestModel);
  const known = {
    provider,
    model: responseModel || requestModel,
    responseId: facts.responseId || source.responseId,
    usage: usageNode === null ? null : source.usage,
    usageNode,
  };
  if (facts.cacheReplay) return { ...known, costPico: 0n, priceSource: 'cache-replay' };
  const price =
    contract.findPrice(provider, responseModel, call.span.startUs) ??
    contract.findPrice(provider, requestModel, call.span.startUs);
  return {
    ...known,
    costPico: known.usage === null || price === null ? null : costOf(known.usage, price),
    priceSource: price?.source ?? null,
  };
}

/**
 * The span that counted the tokens of a call: its own; else the nearest call above it that counted any, provided that
 * this call is the only one below which may have earned that answer. A failed attempt earned none as long as another
 * attempt did not fail: what the caller was told is the usage of the answer that it got.
 */
function usageSource(call: SpanNode, echoes: readonly SpanNode[]): SpanNode | null {
  if (isCounted(factsOf(call))) return call;
  const echo = echoes.find((one) => isCounted(factsOf(one)));
  if (echo === undefined) return null;
  const isOnly = echo.leaves === 1 || (echo.unfailedLeaves === 1 && !hasFailed(call.span));
  return isOnly ? echo : null;
}

/** Whether a span tells all that a price needs: an embedding has no output, everything else does. */
export function isCounted({ usage, operation }: CallFacts): boolean {
  if (usage === null || usage.inputTokens === null) return false;
  return usage.outputTokens !== null || operation === 'embeddings';
}

function firstSaid(calls: readonly SpanNode[], field: (one: CallFacts) => string): string {
  for (const call of calls) {
    const said = field(factsOf(call));
    if (said !== '') return said;
  }
  return '';
}

/** What a node that is a call says of its request. */
export function factsOf({ span }: SpanNode): CallFacts {
  if (span.call === null) throw new Error(`Span ${span.spanId} is no call.`);
  return span.call;
}
