import { readFileSync } from 'node:fs';
import { parseSync, Visitor } from 'oxc-parser';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../../collector/package-path.js';

/** Where what a stranger shows meets what is kept secret. */
const FILES = ['collector/keys/key-ring.ts', 'auditor/provenance/verify-signature.ts'];

/** Names of what must not be learnt byte by byte from how long a comparison takes. */
const SECRET = /sha256|hash|secret|signature|expected|password/i;

/** Comparisons in a file that end at the first byte which differs, of anything that is secret. */
function hastyComparisons(text: string): string[] {
  const found: string[] = [];
  new Visitor({
    BinaryExpression: ({ operator, left, right, start, end }) => {
      if (!/^[=!]==?$/.test(operator)) return;
      const sides = [left, right].map((side) => text.slice(side.start, side.end));
      // Their lengths, and whether there is one at all, are no secret.
      const isHarmless = sides.some((side) => /\.length$|^(null|undefined|-?\d+|'[^']*')$/.test(side));
      if (!isHarmless && sides.some((side) => SECRET.test(side))) found.push(text.slice(start, end));
    },
    CallExpression: ({ callee, start, end }) => {
      const called = text.slice(callee.start, callee.end);
      if (/\.(includes|startsWith|endsWith|indexOf|localeCompare|equals|compare)$/.test(called) && SECRET.test(called))
        found.push(text.slice(start, end));
    },
  }).visit(parseSync('one.ts', text).program);
  return found;
}

describe('what is secret', () => {
  it.each(FILES)('is compared in constant time only: %s', (file) => {
    const text = readFileSync(packagePath(file), 'utf8');
    expect(text).toContain('timingSafeEqual(');
    expect(hastyComparisons(text)).toEqual([]);
  });

  it('would be seen if it were compared in haste', () => {
    for (const hasty of [
      'hashOf(key) === found.sha256',
      'shown !== secret',
      'kept.signature.equals(one)',
      'secret.startsWith(shown)',
    ]) {
      expect(hastyComparisons(`const isRight = ${hasty};`), hasty).toEqual([hasty]);
    }
  });
});
