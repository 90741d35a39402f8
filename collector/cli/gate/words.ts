import type { Blocker, GateAnswer, Scope } from '../../../schemas/gate.js';
import { dollars, safe } from '../text.js';

/** The gate's answer in words. */
export const answerWords = {
  ready: 'Ready to block',
  not_ready: 'Not ready to block',
  insufficient_data: 'Too little data to say',
} as const satisfies Record<GateAnswer['answer'], string>;

/** A scope in words. */
export function scopeText(scope: Scope): string {
  const parts = Object.entries(scope).map(([name, value]) => `${name} ${safe(value ?? '')}`);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

/** What stands below a blocker: what would settle it, where it is worst, and what to do. */
export function blockerLines({ moreCalls, worst }: Blocker): readonly string[] {
  return [
    ...(moreCalls === null || moreCalls === 0 ? [] : [`${moreCalls} more clean calls would settle it.`]),
    ...(worst === null ? [] : [`worst: ${worstText(worst)}`, `fix:   ${safe(worst.fix)}`]),
  ];
}

/** A gap as what is broken, where, and how much stands behind it. */
export function worstText({ rule, attribute, hop, calls, spendUsd }: NonNullable<Blocker['worst']>): string {
  const what = attribute === null ? rule : `${rule} of ${attribute}`;
  const where = hop === null ? '' : ` at ${safe(hop.from)} → ${safe(hop.to)}`;
  return `${what}${where}, ${calls} calls, ${dollars(spendUsd)}`;
}
