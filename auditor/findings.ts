import type { Finding, TraceFinding } from '../schemas/audit.js';
import type { CompiledContract } from './contract.js';
import { rules, traceRules } from './rules/all.js';
import type { Breach, Defeats, Rule } from './rules/rule.js';
import type { Route } from './trace/audited-route.js';
import type { Trace } from './trace/trace.js';

/** A finding, with what it means for the verdict. */
export interface RouteFinding {
  readonly finding: Finding;
  readonly defeats: Defeats;
  readonly misattributes: boolean;
  /** Rules whose findings it explains. */
  readonly explains: readonly string[];
}

/** Runs every rule over a route. A rule that throws is itself a finding: silence would look like a pass. */
export function findingsOf(route: Route, contract: CompiledContract): RouteFinding[] {
  const found: RouteFinding[] = [];
  for (const rule of rules) {
    try {
      if (rule.when?.(route, contract) === false) continue;
      for (const breach of rule.check(route, contract)) found.push(toFinding(rule, breach, route, contract));
    } catch (error) {
      found.push(ruleFailed(rule, route, error));
    }
  }
  return attachExplanations(found);
}

/** Judges the trace as a whole. */
export function traceFindingsOf(trace: Trace, contract: CompiledContract): TraceFinding[] {
  return traceRules.flatMap((rule) =>
    [...rule.check(trace, contract)].map(({ spanId, message, fix, hop = null }) => ({
      traceId: trace.traceId,
      rule: rule.id,
      severity: rule.severity,
      question: rule.question,
      attribute: null,
      hop,
      spanId,
      message,
      fix: fix ?? rule.fix(),
    })),
  );
}

/** Two findings never say the same thing twice: what explains another is attached to it. */
function attachExplanations(found: readonly RouteFinding[]): RouteFinding[] {
  if (found.length < 2) return [...found];
  const isExplainedBy = (one: RouteFinding, other: RouteFinding): boolean =>
    other.explains.includes(one.finding.rule) && one.finding.attribute === other.finding.attribute;
  return found
    .filter((one) => one.explains.length === 0 || !found.some((other) => isExplainedBy(other, one)))
    .map((one) => {
      const related = found
        .filter((other) => isExplainedBy(one, other))
        .map(({ finding: { rule, message, fix } }) => ({ rule, message, fix }));
      return related.length === 0 ? one : { ...one, finding: { ...one.finding, related } };
    });
}

function toFinding(rule: Rule, breach: Breach, { stations, call }: Route, contract: CompiledContract): RouteFinding {
  const { attribute, hop = null } = breach;
  const key = attribute === undefined ? '' : contract.source.attributes[attribute].key;
  const wholeWay = { from: stations[0].service, to: call.span.service };
  return {
    finding: {
      rule: rule.id,
      severity: breach.severity ?? rule.severity,
      question: rule.question,
      attribute: attribute ?? null,
      hop,
      spanId: breach.spanId,
      message: breach.message,
      fix: breach.fix ?? rule.fix({ attribute: attribute ?? '', key, hop: hop ?? wholeWay }),
    },
    defeats: breach.defeats === undefined ? rule.defeats : breach.defeats,
    misattributes: rule.misattributes ?? false,
    explains: rule.explains ?? [],
  };
}

function ruleFailed(rule: Rule, { call }: Route, error: unknown): RouteFinding {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    finding: {
      rule: 'rule-failed',
      severity: 'error',
      question: rule.question,
      attribute: null,
      hop: null,
      spanId: call.span.spanId,
      message: `The rule '${rule.id}' could not be judged: ${reason}`,
      fix: 'This is a defect of Waybill: please report it with the spans of the trace.',
    },
    defeats: 'enforceable',
    misattributes: false,
    explains: [],
  };
}
