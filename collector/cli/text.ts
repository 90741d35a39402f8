/** Makes text from outside harmless on a terminal: control characters are shown, not obeyed. */
export function safe(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** An exact amount with the digits that matter to a person: at least cents, at most six places. */
export function dollars(usd: string): string {
  const [whole = '0', fraction = ''] = usd.split('.');
  const places = Number(whole) === 0 ? 6 : 2;
  const kept = fraction.slice(0, places).replace(/0+$/, '').padEnd(2, '0');
  return `$${whole}.${kept}`;
}

/** A share of 1 as a percentage, cut rather than rounded, so that 99.96 % never reads as 100 %. */
export function percent(share: number): string {
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
}
