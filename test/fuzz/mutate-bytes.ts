import type { Random } from './choose.js';
import { oneOf, upTo } from './choose.js';

/** Larger inputs are slower and find no more. */
const MAX_BYTES = 16_384;

const EDGES: readonly [number[], ...number[][]] = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0xc3, 0x28],
  [0xed, 0xa0, 0x80],
  [0xef, 0xbb, 0xbf],
  [0xf0, 0x9f, 0x98],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
  [0x0b, 0x0c],
  [0x0b, 0x0b, 0x0b],
];

/** Changes an input at one to four places, without knowledge of what it means. */
export function mutateBytes(input: Buffer, other: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(input);
  for (let left = 1 + upTo(random, 4); left > 0; left -= 1) bytes = mutateOnce(bytes, other, random);
  return bytes.subarray(0, MAX_BYTES);
}

function mutateOnce(bytes: Buffer<ArrayBuffer>, other: Buffer, random: Random): Buffer<ArrayBuffer> {
  const at = upTo(random, bytes.length + 1);
  const length = 1 + upTo(random, Math.min(16, bytes.length - at + 1));
  switch (upTo(random, 8)) {
    case 0:
      if (at < bytes.length) bytes[at] = upTo(random, 256);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << upTo(random, 8));
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) + oneOf(random, [1, 255]);
      return bytes;
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(oneOf(random, EDGES)), bytes.subarray(at)]);
    case 6: {
      const from = upTo(random, other.length + 1);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + 64), bytes.subarray(at)]);
    }
    default:
      return bytes.subarray(0, at);
  }
}

const scratch = Buffer.alloc(2 * MAX_BYTES);

/**
 * Changes an input at one to three places and leaves its length, so that most of its structure still stands: what
 * comes after a changed byte is read, too. What it returns holds until the next call.
 */
export function perturb(input: Buffer, random: Random): Buffer {
  const length = input.copy(scratch, 0, 0, scratch.length);
  const bytes = scratch.subarray(0, length);
  if (length === 0) return bytes;
  for (let left = 1 + upTo(random, 3); left > 0; left -= 1) {
    const at = upTo(random, length);
    const byte = bytes[at] ?? 0;
    switch (upTo(random, 6)) {
      case 0:
        bytes[at] = upTo(random, 256);
        break;
      case 1:
        bytes[at] = byte ^ (1 << upTo(random, 8));
        break;
      case 2:
        bytes[at] = byte + (random() < 0.5 ? 1 : 255);
        break;
      case 3:
        bytes.set(oneOf(random, EDGES).slice(0, length - at), at);
        break;
      case 4:
        bytes.copyWithin(at, upTo(random, length), length);
        break;
      default:
        // A digit for a digit and a letter for a letter: text stays text of its kind.
        bytes[at] = isDigit(byte) ? 0x30 + upTo(random, 10) : isLetter(byte) ? 0x61 + upTo(random, 26) : byte;
    }
  }
  return bytes;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}
