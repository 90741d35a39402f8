import type { GateAnswer, GateCheck } from '../../../schemas/gate.js';
import { safe } from '../text.js';
import { blockerLines, scopeText } from './words.js';

/**
 * The gate's answers as JUnit XML: a suite a scope, a case a check. What does not hold is a failure; what too little
 * data cannot show is an error, since a skipped case would let a pipeline pass.
 */
export function gateJunit(answers: readonly GateAnswer[]): string {
  const attributes = { name: 'waybill gate', ...counts(answers.flatMap(({ checks }) => checks)) };
  return ['<?xml version="1.0" encoding="UTF-8"?>', ...element('testsuites', attributes, answers.map(suite))].join(
    '\n',
  );
}

function suite(answer: GateAnswer): string {
  const name = scopeText(answer.scope);
  const attributes = { name, ...counts(answer.checks), timestamp: answer.to.slice(0, 19) };
  return element(
    'testsuite',
    attributes,
    answer.checks.map((check) => testCase(check, name, answer)),
  ).join('\n');
}

function testCase({ id, holds, observed, required }: GateCheck, scope: string, { blockers }: GateAnswer): string {
  const attributes = { name: id, classname: `waybill.gate.${scope}`, time: '0' };
  const blocker = blockers.find(({ check }) => check === id);
  const seen = `observed: ${observed}\nrequired: ${required}`;
  if (holds === 'yes' || blocker === undefined) {
    return element('testcase', attributes, [`<system-out>${xml(seen)}</system-out>`]).join('\n');
  }
  const text = [seen, ...blockerLines(blocker)].join('\n');
  const kind = holds === 'no' ? 'failure' : 'error';
  const type = holds === 'no' ? 'not_ready' : 'insufficient_data';
  const failed = `<${kind} message="${xml(blocker.message)}" type="${type}">${xml(text)}</${kind}>`;
  return element('testcase', attributes, [failed]).join('\n');
}

function counts(checks: readonly GateCheck[]): Record<string, string> {
  const having = (holds: GateCheck['holds']): string => String(checks.filter((one) => one.holds === holds).length);
  return {
    tests: String(checks.length),
    failures: having('no'),
    errors: having('unknown'),
    skipped: '0',
    time: '0',
  };
}

function element(name: string, attributes: Readonly<Record<string, string>>, content: readonly string[]): string[] {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${xml(value)}"`);
  return [`<${name}${written.join('')}>`, ...content, `</${name}>`];
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML 1.0, which has no place for control characters, lone surrogates, U+FFFE and U+FFFF at all. */
function xml(text: string): string {
  return text
    .split('\n')
    .map(safe)
    .join('\n')
    .replaceAll(/[\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD')
    .replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}
