import type { Blocker, GateAnswer } from '../../../schemas/gate.js';
import { markdownRow, plainMarkdown } from '../markdown-text.js';
import { headFigures } from '../report/tables.js';
import { dollars } from '../text.js';
import { answerWords, scopeText, worstText } from './words.js';

const MARKS = { yes: '✓', no: '✗', unknown: '?' } as const;

/** The gate's answers as Markdown, for a comment on the pull request that turns enforcement on. */
export function gateMarkdown(answers: readonly GateAnswer[]): string {
  return answers.map(answerMarkdown).join('\n\n');
}

function answerMarkdown(answer: GateAnswer): string {
  const { checks, blockers } = answer;
  return [
    `## ${answerWords[answer.answer]}: ${plainMarkdown(scopeText(answer.scope))}`,
    headFigures(answer)
      .map(([label, value, meaning]) => `**${label}** ${plainMarkdown(`${value} ${meaning}`)}`)
      .join('<br>'),
    [
      markdownRow(['', 'check', 'observed', 'required']),
      markdownRow(['---', '---', '---', '---']),
      ...checks.map(({ id, holds, observed, required }) =>
        markdownRow([MARKS[holds], id, plainMarkdown(observed), plainMarkdown(required)]),
      ),
    ].join('\n'),
    ...(blockers.length === 0 ? [] : ['### What blocks', blockers.map(blockerMarkdown).join('\n')]),
    `From ${answer.from} to ${answer.to}, by Waybill.`,
  ].join('\n\n');
}

function blockerMarkdown({ check, message, spendUsd, moreCalls, worst }: Blocker): string {
  return [
    `- **${check}** ${plainMarkdown(message)}`,
    // Where nothing is known to be spent there is no amount to name.
    ...(/[1-9]/.test(spendUsd) ? [`  - Spend behind it: ${dollars(spendUsd)}`] : []),
    ...(moreCalls === null || moreCalls === 0 ? [] : [`  - ${moreCalls} more clean calls would settle it.`]),
    ...(worst === null
      ? []
      : [`  - Worst: ${plainMarkdown(worstText(worst))}`, `  - Fix: ${plainMarkdown(worst.fix)}`]),
  ].join('\n');
}
