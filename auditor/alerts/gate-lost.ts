import type { Alert } from '../../schemas/alert.js';
import type { GateAnswer } from '../../schemas/gate.js';
import { parseIsoUs } from '../iso-micros.js';
import { alertOf, scopeWords } from './alert.js';

/**
 * Whether the gate of a scope turned from ready to not ready; once for each time that it was ready. Too little data to
 * say is no such turn.
 *
 * @param lastReadyAt when it last answered that it is ready; null: never
 */
export function gateLost(nowUs: number, answer: GateAnswer, lastReadyAt: string | null): Alert[] {
  if (answer.answer !== 'not_ready' || lastReadyAt === null) return [];
  const { words, about } = scopeWords(answer.scope);
  const [blocker] = answer.blockers.filter(({ check }) =>
    answer.checks.some((c) => c.id === check && c.holds === 'no'),
  );
  return [
    alertOf(
      nowUs,
      { fromUs: parseIsoUs(answer.from), toUs: parseIsoUs(answer.to) },
      {
        kind: 'gate-lost',
        about: [...about, lastReadyAt],
        scope: answer.scope,
        observed: blocker?.observed ?? 'not ready',
        expected: blocker?.required ?? 'ready',
        message: `The gate of ${words} was ready and is no longer. ${blocker?.message ?? ''}`.trim(),
      },
    ),
  ];
}
