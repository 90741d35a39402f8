import type { AttributeAudit, Call, Question, TraceFinding, Verdict } from '../schemas/audit.js';
import type { AuditedAttribute } from '../schemas/contract.js';
import { auditedAttributes } from '../schemas/contract.js';
import type { Span } from '../schemas/span.js';
import type { CompiledContract } from './contract.js';
import { factsOf } from './cost/billing.js';
import { formatUsd } from './cost/usd.js';
import { isoMicros } from './iso-micros.js';
import type { RouteFinding } from './findings.js';
import { findingsOf, traceFindingsOf } from './findings.js';
import type { Route } from './trace/audited-route.js';
import { callStation, routeTo } from './trace/audited-route.js';
import { reservationOn } from './trace/reservation.js';
import { maxRouteSpans } from './trace/route.js';
import type { Neighbours } from './trace/neighbours.js';
import { billableCalls } from './trace/billable-calls.js';
import type { Trace } from './trace/trace.js';
import { buildTrace, hasFailed } from './trace/trace.js';

export interface TraceAudit {
  readonly traceId: string;
  /** How many different spans were audited. */
  readonly spans: number;
  /** The billable calls, in order of start. */
  readonly calls: readonly Call[];
  /** What is wrong with the trace as a whole. */
  readonly findings: readonly TraceFinding[];
}

/** An audit whose calls are worked out while they are gone through, once: those of a huge trace take much memory. */
export interface CallByCallAudit extends Omit<TraceAudit, 'calls'> {
  /** The billable calls, in order of start. */
  readonly calls: Iterable<Call>;
}

/**
 * Audits one trace: which of its spans are billable calls, what they cost, and whether attribution survived.
 *
 * Pure: the same spans in any order, and with any duplicates, give the same audit.
 *
 * @param spans all known spans of one trace, at least one
 * @param neighbours other traces, which may tell where a torn one belongs
 */
export function auditTrace(spans: readonly Span[], contract: CompiledContract, neighbours?: Neighbours): TraceAudit {
  const audit = auditCallByCall(spans, contract, neighbours);
  return { ...audit, calls: [...audit.calls] };
}

/** The same as `auditTrace`, call by call. */
export function auditCallByCall(
  spans: readonly Span[],
  contract: CompiledContract,
  neighbours?: Neighbours,
): CallByCallAudit {
  const trace = buildTrace(spans, neighbours);
  const findings = traceFindingsOf(trace, contract);
  return { traceId: trace.traceId, spans: trace.nodes.length, calls: callsOf(trace, contract), findings };
}

function* callsOf(trace: Trace, contract: CompiledContract): Generator<Call> {
  const billable = billableCalls(trace);
  const maxSpans = maxRouteSpans(billable.length);
  for (const node of billable) yield auditCall(routeTo(node, trace, contract, maxSpans), contract);
}

function auditCall(route: Route, contract: CompiledContract): Call {
  const { span } = route.call;
  const facts = factsOf(route.call);
  const { billing } = route;
  const { usage } = billing;
  const found = findingsOf(route, contract);
  const reservationId = reservationOn(route);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    startTime: isoMicros(span.startUs),
    durationUs: Math.max(0, span.endUs - span.startUs),
    service: span.service,
    operation: facts.operation,
    provider: billing.provider,
    model: billing.model,
    dialect: facts.dialect,
    responseId: billing.responseId,
    user: callStation(route).values.user.at(-1) ?? null,
    failed: hasFailed(span),
    stream: facts.stream,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    cacheReadTokens: usage?.cacheReadTokens ?? null,
    cacheWriteTokens: usage?.cacheWriteTokens ?? null,
    reasoningTokens: usage?.reasoningTokens ?? null,
    usageSpanId: billing.usageNode?.span.spanId ?? null,
    costUsd: billing.costPico === null ? null : formatUsd(billing.costPico),
    priceSource: billing.priceSource,
    reportedCostUsd: facts.reportedCostUsd,
    join: route.join,
    ...(reservationId === undefined ? {} : { reservationId }),
    echoSpanIds: route.echoes.map((echo) => echo.span.spanId),
    verdict: verdictOf(found),
    misattributed: found.some(({ misattributes }) => misattributes),
    failedQuestions: failedQuestions(found),
    rowLevel: contract.required.every((name) => callSpanValue(route, name) !== null),
    enforcementPoint: route.enforcement?.service ?? null,
    policy: route.policy.resolved?.id ?? null,
    route: route.stations.map(({ service }) => service),
    stations: route.stations.map(({ service, nodes, values }) => ({
      service,
      spanIds: nodes.map((node) => node.span.spanId),
      values: { tenant: [...values.tenant], feature: [...values.feature], policy: [...values.policy] },
    })),
    attributes: attributeAudits(route),
    findings: found.map(({ finding }) => finding),
  };
}

function verdictOf(found: readonly RouteFinding[]): Verdict {
  if (found.some(({ defeats }) => defeats === 'attributed')) return 'unattributed';
  return found.some(({ defeats }) => defeats === 'enforceable') ? 'attributed' : 'enforceable';
}

/** A question fails where a finding keeps the call from being enforceable: that is what makes it their conjunction. */
function failedQuestions(found: readonly RouteFinding[]): Question[] {
  return [...new Set(found.filter(({ defeats }) => defeats !== null).map(({ finding }) => finding.question))];
}

function attributeAudits(route: Route): Call['attributes'] {
  const audits: Record<string, AttributeAudit> = {};
  for (const name of auditedAttributes) {
    const { outcome, value, break: broke, shown, provenance } = route.passages[name];
    audits[name] = {
      outcome,
      value,
      hop: broke?.hop ?? null,
      originValue: shown[0] ?? null,
      enforcementValue: route.enforcement === null ? null : (shown[route.enforcement.at] ?? null),
      callSpanValue: callSpanValue(route, name),
      provenance,
    };
  }
  return audits;
}

function callSpanValue(route: Route, name: AuditedAttribute): string | null {
  return callStation(route).carried.at(-1)?.[name] ?? null;
}
