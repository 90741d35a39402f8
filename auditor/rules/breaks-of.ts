import type { Outcome } from '../../schemas/audit.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Route } from '../trace/audited-route.js';
import type { Break, Passage } from '../trace/passage.js';

/** An attribute that broke at a hop. */
export interface BrokenPassage extends Break, Pick<Passage, 'shown' | 'value'> {
  readonly attribute: AuditedAttribute;
}

/** For a rule's `when`: whether any required attribute fared so on the route. */
export function fared(outcome: Outcome): (route: Route, contract: CompiledContract) => boolean {
  return ({ passages }, { required }) => required.some((name) => passages[name].outcome === outcome);
}

/** The required attributes that fared so on a route, each with the hop where it happened. */
export function breaksOf(
  outcome: Outcome,
  { passages }: Route,
  { required }: CompiledContract,
): readonly BrokenPassage[] {
  const found: BrokenPassage[] = [];
  for (const attribute of required) {
    const passage = passages[attribute];
    if (passage.outcome !== outcome || passage.break === null) continue;
    found.push({ attribute, ...passage.break, shown: passage.shown, value: passage.value });
  }
  return found;
}
