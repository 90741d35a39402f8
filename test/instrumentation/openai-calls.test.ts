import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import { afterAll, expect, it } from 'vitest';
import { completeOpenAiSpans } from '../../instrumentation/openai-calls.js';

const instrumentation = new OpenAIInstrumentation();
completeOpenAiSpans(instrumentation, { asksForUsage: true });
afterAll(() => instrumentation.disable());

/** A method of the package, which names it in JavaScript only. */
function method(name: string): (...args: unknown[]) => unknown {
  const found: unknown = Reflect.get(instrumentation, name);
  if (typeof found !== 'function') throw new Error(`The package has no ${name}.`);
  return (...args) => Reflect.apply(found, instrumentation, args);
}

/** Whether a chat stream of a client asks for usage, though the application does not. */
function asksFor(client: object): boolean {
  let sent: unknown = null;
  const patch = method('_getPatchedChatCompletionsCreate')();
  if (typeof patch !== 'function') throw new Error('The package has another way of wrapping the client.');
  const create: unknown = patch((params: unknown) => {
    sent = params;
    return Promise.resolve({ iterator: () => [] });
  });
  if (typeof create !== 'function') throw new Error('The package has another way of wrapping the client.');
  void Reflect.apply(create, { _client: client }, [{ model: 'm', messages: [], stream: true }]);
  return JSON.stringify(sent).includes('"include_usage":true');
}

it.each([
  [{ baseURL: 'https://api.openai.com/v1' }, true],
  [{ baseURL: 'http://127.0.0.1:11434/v1' }, true],
  [{ baseURL: 'https://gateway.internal/v1' }, true],
  [{ baseURL: 'https://acme.openai.azure.com/openai', apiVersion: '2024-10-21' }, true],
  [{ baseURL: 'https://acme.openai.azure.com/openai', apiVersion: '2024-06-01' }, false],
  [{ baseURL: 'https://api.mistral.ai/v1' }, false],
])('of the client %o, a chat stream asks for usage: %s', (client, isAsked) => {
  expect(asksFor(client)).toBe(isAsked);
});
