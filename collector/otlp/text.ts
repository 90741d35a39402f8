import type { Buffer } from 'node:buffer';
import { isUtf8 } from 'node:buffer';
import { MalformedRequest } from './errors.js';

/** A value may say that it is too long, but need not be kept whole for that. */
export const MAX_VALUE_LENGTH = 1_024;

/**
 * Decodes UTF-8 and cuts it to so many UTF-16 units.
 *
 * @throws MalformedRequest where the bytes, also those past the cut, are not UTF-8
 */
export function decodeText(bytes: Buffer, start: number, end: number, maxLength: number): string {
  // No UTF-16 unit takes more than three bytes; what becomes of a character that is split lies past the cut.
  const enough = Math.min(end, start + 3 * maxLength + 4);
  const text = bytes.toString('utf8', start, enough);
  // Invalid bytes decode to U+FFFD, which may also stand there by right.
  if ((enough < end || text.includes('\uFFFD')) && !isUtf8(bytes.subarray(start, end))) {
    throw new MalformedRequest(`A string at byte ${start} is not valid UTF-8.`);
  }
  return cutText(text, maxLength);
}

/** Cuts a text to so many UTF-16 units, or one less where that would split a character. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength);
}
