/**
 * Letters of Cyrillic and Greek that are drawn like a Latin one, in lower case, and that one.
 * A part of https://www.unicode.org/Public/security/latest/confusables.txt
 */
const LATIN_OF = new Map(
  Object.entries({
    a: 'аα',
    b: 'вβ',
    c: 'сς',
    d: 'ԁ',
    e: 'еεё',
    h: 'һн',
    i: 'іιıї',
    j: 'ј',
    k: 'кκ',
    l: 'ӏ',
    m: 'мμ',
    n: 'ηп',
    o: 'оοσ',
    p: 'рρ',
    q: 'ԛ',
    s: 'ѕ',
    t: 'тτ',
    u: 'υ',
    v: 'ѵν',
    w: 'ԝω',
    x: 'хχ',
    y: 'уγү',
    z: 'ζ',
  }).flatMap(([latin, others]) => others.split('').map((one) => [one, latin] as const)),
);

/** Names are short; what is longer is not looked at. */
const MAX_LENGTH = 256;

/**
 * Whether two names differ, and a person could take one for the other: by case, white space, characters that are not
 * seen, width, composition of accents, or letters of another script.
 */
export function looksTheSame(one: string, other: string): boolean {
  return one !== other && skeleton(one) === skeleton(other);
}

function skeleton(name: string): string {
  const plain = name.slice(0, MAX_LENGTH).normalize('NFKC').toLowerCase();
  return plain.replaceAll(/[\p{C}\s]/gu, '').replaceAll(/[\u0370-\u052f]/g, (letter) => LATIN_OF.get(letter) ?? letter);
}
