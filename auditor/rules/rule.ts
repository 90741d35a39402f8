import type * as z from 'zod';
import type { contractSchema } from '../../schemas/contract.js';
import type { Hop, Question, Severity } from '../../schemas/audit.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Route } from '../trace/audited-route.js';
import type { Trace } from '../trace/trace.js';

/** A verdict that a call cannot have while a rule is broken; null where the rule only informs. */
export type Defeats = 'attributed' | 'enforceable' | null;

/** One place where a rule does not hold. What it leaves out is as the rule says. */
export interface Breach {
  /** The attribute that it is about. */
  readonly attribute?: AuditedAttribute;
  /** Where it broke; left out where no single hop is to blame. */
  readonly hop?: Hop | null;
  /** The span that shows it. */
  readonly spanId: string;
  readonly message: string;
  readonly severity?: Severity;
  readonly defeats?: Defeats;
  /** Replaces the fix of the rule where this breach has a better one. */
  readonly fix?: string;
}

/** What a fix may speak of. */
export interface FixContext {
  readonly attribute: string;
  readonly key: string;
  readonly hop: Hop;
}

/** What a rule says of itself. */
export interface RuleWords {
  readonly id: string;
  readonly severity: Severity;
  readonly question: Question;
  /** One sentence: what is wrong when the rule is broken. */
  readonly summary: string;
  /** Why it matters, and how it happens in real systems. */
  readonly why: string;
  /** What to do about it. */
  readonly fix: (context: FixContext) => string;
}

/** The smallest route that breaks a rule, in the notation of `auditExample`. */
export interface Example {
  /** From the top down, a line a span. */
  readonly route: readonly string[];
  /** What the contract says, as in the file; the default where it is left out. */
  readonly contract?: z.input<typeof contractSchema>;
}

/** A rule about one route: everything about it is in this object. */
export interface Rule extends RuleWords {
  readonly example: Example;
  readonly defeats: Defeats;
  /** Whether a breach means that blocking could have stopped the wrong tenant. */
  readonly misattributes?: boolean;
  /** Rules whose findings on the same attribute this one explains: it is attached to them and does not stand alone. */
  readonly explains?: readonly string[];
  /**
   * Whether a route can break the rule at all; left out: any can. Nearly every route keeps nearly every rule, and with
   * this it costs a look to know. Pure.
   */
  readonly when?: (route: Route, contract: CompiledContract) => boolean;
  /** Finds where a route that `when` lets through breaks the rule; nothing where it holds. Pure. */
  readonly check: (route: Route, contract: CompiledContract) => Iterable<Breach>;
}

/** A rule about a trace as a whole: what it finds belongs to no call. */
export interface TraceRule extends RuleWords {
  readonly fix: () => string;
  readonly example: Example;
  readonly check: (trace: Trace, contract: CompiledContract) => Iterable<Breach>;
}

/** A rule about a window of calls: what it finds belongs to the contract. */
export interface WindowRule extends RuleWords {
  /** Ids of the policies that break it. */
  readonly check: (window: PolicyWindow) => readonly string[];
}

/** Which policies were expected in a window, and to which of them calls resolved. */
export interface PolicyWindow {
  readonly expected: readonly string[];
  readonly resolved: ReadonlySet<string>;
}

/** Declares a rule about one route. */
export function rule(definition: Rule): Rule {
  return definition;
}

/** Declares a rule about a trace as a whole. */
export function traceRule(definition: TraceRule): TraceRule {
  return definition;
}

/** Declares a rule about a window of calls. */
export function windowRule(definition: WindowRule): WindowRule {
  return definition;
}
