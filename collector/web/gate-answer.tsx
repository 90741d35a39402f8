import type { GateAnswer } from '../../schemas/gate.js';
import { ANSWERS } from './gate-words.js';

/** The gate's answer in a word. */
export function Answer({ of }: { readonly of: GateAnswer['answer'] }) {
  const { sign, short, tone } = ANSWERS[of];
  return (
    <span class={`tag ${tone}`}>
      <span aria-hidden="true">{sign}</span> {short}
    </span>
  );
}
