import { createHash } from 'node:crypto';
import type { Blocker, GateAnswer } from '../../../schemas/gate.js';
import { packageVersion } from '../../package-path.js';
import { gateExitCode } from '../exit.js';
import { blockerLines, scopeText } from './words.js';

/** What each check asks, for whoever meets it in a list of alerts. */
const CHECKS: Readonly<Record<Blocker['check'], string>> = {
  calls: 'There are enough calls in the window to judge by.',
  'enforceable-spend': 'Enough of the spend is attributed well enough to block on it.',
  'enforceable-calls': 'Enough of the calls are attributed well enough to block on them.',
  'misattributed-calls': 'Hardly any call is attributed to someone else, who would be blocked in its place.',
  'unknown-cost': 'The cost of nearly every call is known.',
  policies: 'Every budget policy in scope is met by calls, and no call by several at once.',
  days: 'Each of the last days meets the thresholds by itself.',
};

/**
 * The gate's answers as SARIF 2.1.0: a result for each check that does not hold, or that too little data leaves open.
 *
 * @param file the file of the repository that the results point at; viewers show none without a place
 */
export function gateSarif(answers: readonly GateAnswer[], file: string): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Waybill',
            version: packageVersion(),
            rules: Object.entries(CHECKS).map(([id, text]) => ({ id, shortDescription: { text } })),
          },
        },
        invocations: answers.map((answer) => ({
          executionSuccessful: true,
          exitCode: gateExitCode[answer.answer],
          endTimeUtc: answer.to,
          properties: { scope: answer.scope, answer: answer.answer, score: answer.score.score },
        })),
        results: answers.flatMap((answer) => answer.blockers.map((blocker) => resultOf(answer, blocker, file))),
      },
    ],
  };
  return JSON.stringify(log, null, 2);
}

function resultOf({ scope, checks }: GateAnswer, blocker: Blocker, file: string): object {
  const { check, message, observed, required, spendUsd, worst } = blocker;
  const isOpen = checks.find(({ id }) => id === check)?.holds === 'unknown';
  const name = scopeText(scope);
  const lines = [`${name}: ${message}`, `observed: ${observed}; required: ${required}`, ...blockerLines(blocker)];
  return {
    ruleId: check,
    ruleIndex: Object.keys(CHECKS).indexOf(check),
    // "open": there was too little to decide by; it then has no level (section 3.27.9 of the standard).
    ...(isOpen ? { kind: 'open', level: 'none' } : { kind: 'fail', level: 'error' }),
    message: { text: lines.join('\n') },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: encodeURI(file) }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: name, kind: 'scope' }],
      },
    ],
    // The same blocker of the same scope stays one alert from run to run.
    partialFingerprints: {
      'waybillGate/v1': createHash('sha256')
        .update(JSON.stringify([check, scope]))
        .digest('hex'),
    },
    properties: { observed, required, spendUsd, ...(worst === null ? {} : { worst }) },
  };
}
