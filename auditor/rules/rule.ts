import type { Hop, Question, Severity } from '../../schemas/audit.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Route } from '../trace/audited-route.js';

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

/** A rule about one route: everything about it is in this object. */
export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  readonly question: Question;
  readonly defeats: Defeats;
  /** Whether a breach means that blocking could have stopped the wrong tenant. */
  readonly misattributes?: boolean;
  /** One sentence: what is wrong when the rule is broken. */
  readonly summary: string;
  /** Why it matters, and how it happens in real systems. */
  readonly why: string;
  /** What to do about it. */
  fix(context: FixContext): string;
  /** Finds where a route breaks the rule; nothing where it holds. Pure. */
  check(route: Route, contract: CompiledContract): Iterable<Breach>;
}

/** Declares a rule. */
export function rule(definition: Rule): Rule {
  return definition;
}
