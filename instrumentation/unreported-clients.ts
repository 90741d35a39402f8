import { diag } from '@opentelemetry/api';

/** What to do where the calls of a client are not reported, since its hook did not take. */
export const LOAD_FIRST =
  'Load waybill/register before it (node --import waybill/register), keep it out of bundles, and use a release that the README names.';

/** Clients of models, by how they name themselves in requests, and what to do where their calls are not reported. */
const CLIENTS: readonly { readonly agent: RegExp; readonly name: string; readonly cure: string }[] = [
  { agent: /OpenAI\/JS (\S+)/, name: 'openai', cure: LOAD_FIRST },
  { agent: /^langchainjs-openai\/(\S+)/, name: '@langchain/openai', cure: LOAD_FIRST },
  {
    agent: /Anthropic\/JS (\S+)/,
    name: '@anthropic-ai/sdk',
    cure: 'Use release 1.12 or later, which reports them itself, and leave ANTHROPIC_OPEN_TELEMETRY on.',
  },
  { agent: /google-genai-sdk\/(\S+)/, name: '@google/genai', cure: LOAD_FIRST },
  {
    agent: /\bai\/(\d\S*)/,
    name: 'ai',
    cure: 'From 7 on, run `npm install @ai-sdk/otel`; no code has to change. Before, pass `experimental_telemetry: { isEnabled: true }`.',
  },
];

/**
 * Makes what says, once for each client of models, that it is used and its calls are not reported. OpenTelemetry itself
 * is silent where a hook did not take: the client was loaded before it, is bundled into the application, or is of a
 * release that is not known. So this looks at what such a client cannot help but do: it sends a request that no call
 * lies above, and names itself.
 *
 * @param warn where it is said
 * @returns to be called with the user agent of each such request
 */
export function createUnreportedClients(
  warn: (text: string) => void = (text) => diag.warn(text),
): (userAgent: string) => void {
  const told = new Set<string>();
  return (userAgent) => {
    for (const { agent, name, cure } of CLIENTS) {
      const version = agent.exec(userAgent)?.[1];
      if (version === undefined || told.has(name)) continue;
      told.add(name);
      warn(`${name} ${version} asks models, and nothing reports its calls, so their cost is unknown. ${cure}`);
    }
  };
}
