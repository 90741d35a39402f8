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

/** How the makers of models name them. A model of someone else's hardly starts so. */
const MAKERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:gpt-|chatgpt-|o[1-9](?:-|$)|text-embedding-|davinci|babbage)/, 'openai'],
  [/^claude-/, 'anthropic'],
  [/^gemini-/, 'gcp.gemini'],
  [/^(?:mistral|ministral|magistral|codestral|pixtral)-/, 'mistral_ai'],
  [/^command-/, 'cohere'],
  [/^deepseek-/, 'deepseek'],
  [/^grok-/, 'x_ai'],
];

/**
 * Who makes a model, as OpenTelemetry spells it; empty where its name does not tell. Whoever resells it may ask another
 * price, so this is only for spans on which a provider is never named.
 */
export function makerOf(model: string): string {
  const name = model.trim().toLowerCase();
  return MAKERS.find(([pattern]) => pattern.test(name))?.[1] ?? '';
}
