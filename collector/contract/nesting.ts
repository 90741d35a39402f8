import { CST, Lexer } from 'yaml';

/** A contract nests about six deep; indentation counts by the column. */
const MAX_NESTING = 256;
/** Tokens by which the lexer marks a document, a scalar and an end that is missing: they are no part of the text. */
const MARKS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/**
 * Where YAML text is nested deeper than any contract; null where it is not. What reads YAML goes down by recursion, and
 * would run out of stack, or for minutes.
 *
 * @returns an offset into the text
 */
export function tooDeepAt(yaml: string): number | null {
  let offset = 0;
  let flow = 0;
  let line = 0;
  let isLineStart = true;
  for (const token of new Lexer().lex(yaml)) {
    const type = CST.tokenType(token);
    if (type === 'newline') line = 0;
    else if (type === 'flow-seq-start' || type === 'flow-map-start') flow += 1;
    else if (type === 'flow-seq-end' || type === 'flow-map-end') flow -= 1;
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind') line += 1;
    else if (type === 'space' && isLineStart) line += token.length;
    if (flow + line > MAX_NESTING) return offset;
    isLineStart = type === 'newline';
    if (!MARKS.has(token)) offset += token.length;
  }
  return null;
}
