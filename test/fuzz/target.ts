import type { Random } from './choose.js';

/** Something that reads what strangers send. */
export interface Target {
  readonly name: string;
  /** Inputs that are right, to begin with. */
  readonly seeds: readonly Buffer[];
  /** Makes an input out of nothing, as one would who knows the format. */
  readonly generate: (random: Random) => Buffer;
  /** Changes an input with knowledge of its format, or as bytes. */
  readonly mutate: (input: Buffer, other: Buffer, random: Random) => Buffer;
  /**
   * Reads an input, and judges what came of it.
   *
   * @param isThorough whether to look with what takes long, too
   * @returns what kind of answer it was: inputs with the same kind teach nothing new
   * @throws what must not happen
   */
  readonly check: (input: Buffer, isThorough: boolean) => string;
}

/** What messages repeat of an input: quoted, in brackets, numbers, what is no ASCII, and names after what they name. */
const REPEATED =
  /'[^']*'|"[^"]*(?:"|$)|\[[^\]]*\]|(?<=\b(?:token|sequence|tag:?|version)).*|(?<=\b(?:record|observation|type) ).*?(?=: \w| has | is |$)|\d+|[^\x20-\x7e]+/g;

/** The kind of a message: without the places, names and numbers that tell apart what is alike. */
export function kindOf(message: string): string {
  return message.replaceAll(REPEATED, placeholder).slice(0, 60);
}

function placeholder(found: string): string {
  if (found.startsWith('[')) return '[]';
  return /^\d/.test(found) ? '0' : "''";
}
