import { MalformedRequest } from './errors.js';

/** Deep enough for a value nested as deep as values may be; anything deeper is meant to harm. */
const MAX_NESTING = 256;

/**
 * So many objects, arrays, keys and items may stand in one request. Three bytes of JSON can become an object of sixty
 * in memory: a request within the limit of bytes must not fill the memory by that. A span of 15 attributes has about
 * 120.
 */
const MAX_PARTS = 4_000_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Counts the nesting and the parts of JSON before anything is built from it. Whether it is JSON at all is not asked.
 *
 * @throws MalformedRequest where there is too much of either
 */
export function checkJsonShape(json: Uint8Array): void {
  let depth = 0;
  let parts = 0;
  let isString = false;
  for (let i = 0; i < json.length; i += 1) {
    const byte = json[i];
    if (isString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) isString = false;
    } else if (byte === QUOTE) isString = true;
    else if (byte === COMMA || byte === COLON) parts += 1;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      parts += 1;
      depth += 1;
      if (depth > MAX_NESTING) {
        throw new MalformedRequest(`The request is nested more than ${MAX_NESTING} deep at byte ${i}.`);
      }
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  if (parts > MAX_PARTS) {
    throw new MalformedRequest(`The request has over ${MAX_PARTS} JSON parts. Send fewer spans in one request.`);
  }
}
