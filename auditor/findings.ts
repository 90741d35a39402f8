import type { Finding } from '../schemas/audit.js';
import type { CompiledContract } from './contract.js';
import { rules } from './rules/all.js';
import type { Breach, Defeats, Rule } from './rules/rule.js';
import type { Route } from './trace/audited-route.js';

/** A finding, with what it means for the verdict. */
export interface RouteFinding {
  readonly finding: Finding;
  readonly defeats: Defeats;
  readonly misattributes: boolean;
}

/** Runs every rule over a route. A rule that throws is itself a finding: silence would look like a pass. */
export function findingsOf(route: Route, contract: CompiledContract): RouteFinding[] {
  const found: RouteFinding[] = [];
  for (const rule of rules) {
    try {
      for (const breach of rule.check(route, contract)) found.push(toFinding(rule, breach, route, contract));
    } catch (error) {
      found.push(ruleFailed(rule, route, error));
    }
  }
  return found;
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
  };
}
