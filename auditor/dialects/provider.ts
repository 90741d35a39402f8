/** Older and other spellings of OpenTelemetry's provider names, lower case. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['xai', 'x_ai'],
  ['gemini', 'gcp.gemini'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['az.ai.openai', 'azure.ai.openai'],
  ['az.ai.inference', 'azure.ai.inference'],
]);

/**
 * The name of a provider as OpenTelemetry spells it today; unknown names stay, in lower case.
 *
 * @param own further spellings, lower case, which a dialect uses
 */
export function providerName(said: string, own: Readonly<Record<string, string>> = {}): string {
  const name = said.trim().toLowerCase();
  return (Object.hasOwn(own, name) ? own[name] : SPELLINGS.get(name)) ?? name;
}
