import { describe, expect, it } from 'vitest';
import { csvText } from '../../../collector/web/csv.js';

describe('CSV', () => {
  it('quotes what would tear a row apart', () => {
    expect(csvText([['a', 'b,c', 'say "x"', 'two\nlines']])).toBe('a,"b,c","say ""x""","two\nlines"\r\n');
  });

  it('writes nothing for nothing, and numbers as they are', () => {
    expect(csvText([[null, 3, '-0.003500000000']])).toBe(',3,-0.003500000000\r\n');
  });

  it.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\tx'])('keeps a spreadsheet from running %j', (name) => {
    expect(csvText([[name]])).toBe(`'${name}\r\n`);
  });
});
