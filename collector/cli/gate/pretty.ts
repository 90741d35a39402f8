import type { GateAnswer, GateCheck } from '../../../schemas/gate.js';
import type { Paint } from '../paint.js';
import { dollars, percent, safe } from '../text.js';
import { blockerLines, scopeText } from './words.js';

const ANSWERS = {
  ready: 'READY',
  not_ready: 'NOT READY',
  insufficient_data: 'NOT ENOUGH DATA',
} as const;

/** The gate's answer for a person: the verdict, each check, and for each that does not hold the reason and the fix. */
export function gateText(answer: GateAnswer, paint: Paint): string {
  const tone = answer.answer === 'ready' ? paint.good : answer.answer === 'not_ready' ? paint.bad : paint.doubtful;
  const { score } = answer;
  const rowLevel = score.rowLevel.spend.share;
  return [
    `${tone(paint.strong(ANSWERS[answer.answer]))}  ${scopeText(answer.scope)}`,
    '',
    `  Score      ${score.score === null ? 'none' : score.score.toFixed(1)} of 100: so much of the spend could be defended`,
    `  Row level  ${rowLevel === null ? 'none' : percent(rowLevel)}: what a dashboard shows`,
    `  Calls      ${score.calls}, ${dollars(score.spendUsd)} known, ${score.unknownCost} of unknown cost`,
    '',
    ...answer.checks.map((check) => checkText(check, paint)),
    ...answer.blockers.flatMap((blocker) => [
      '',
      `  ${paint.strong(blocker.check)}: ${safe(blocker.message)}`,
      ...blockerLines(blocker).map((line) => `    ${line}`),
    ]),
  ].join('\n');
}

function checkText({ id, holds, observed, required }: GateCheck, paint: Paint): string {
  const mark = { yes: paint.good('✓'), no: paint.bad('✗'), unknown: paint.doubtful('?') }[holds];
  return `  ${mark} ${id.padEnd(20)} ${observed}${paint.faint(`; required: ${required}`)}`;
}
