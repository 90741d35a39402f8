import { describe, expect, it } from 'vitest';
import { operationOf, providerAt } from '../../instrumentation/model-endpoint.js';

const post = (host: string, path: string) => operationOf({ method: 'POST', host, path });

describe('a request is taken for a call', () => {
  it.each([
    ['api.openai.com', '/v1/chat/completions', 'chat'],
    ['api.openai.com', '/v1/responses', 'chat'],
    ['api.openai.com', '/v1/completions', 'text_completion'],
    ['api.openai.com', '/v1/embeddings?x=1', 'embeddings'],
    ['api.anthropic.com', '/v1/messages', 'chat'],
    ['openrouter.ai', '/api/v1/chat/completions', 'chat'],
    ['acme.openai.azure.com', '/openai/deployments/gpt/chat/completions?api-version=1', 'chat'],
    ['generativelanguage.googleapis.com', '/v1beta/models/gemini-2.5-pro:streamGenerateContent', 'generate_content'],
    ['bedrock-runtime.eu-west-1.amazonaws.com', '/model/anthropic.claude/converse-stream', 'chat'],
    ['gateway.internal', '/v1/chat/completions', 'chat'],
    ['gateway.internal', '/v1/embeddings', 'embeddings'],
  ])('%s%s: %s', (host, path, operation) => {
    expect(post(host, path)).toBe(operation);
  });
});

describe('a request is taken for no call', () => {
  it.each([
    ['api.openai.com', '/v1/files'],
    ['api.openai.com', '/v1/chat/completions/chatcmpl-1/messages/x'],
    // A chat application has messages, too, and a survey has responses.
    ['chat.internal', '/rooms/7/messages'],
    ['survey.internal', '/responses'],
  ])('%s%s', (host, path) => {
    expect(post(host, path)).toBeNull();
  });

  it('when it only reads', () => {
    expect(operationOf({ method: 'GET', host: 'api.openai.com', path: '/v1/responses' })).toBeNull();
  });
});

describe('the provider', () => {
  it.each([
    ['api.openai.com', 'openai'],
    ['eu.api.openai.com', 'openai'],
    ['API.Anthropic.com', 'anthropic'],
    ['acme.openai.azure.com', 'azure.ai.openai'],
    ['us-central1-aiplatform.googleapis.com', 'gcp.vertex_ai'],
    ['bedrock-runtime-fips.us-gov-west-1.amazonaws.com', 'aws.bedrock'],
    ['api.mistral.ai', 'mistral_ai'],
  ])('at %s is %s', (host, name) => {
    expect(providerAt(host)).toBe(name);
  });

  it.each(['127.0.0.1', 'gateway.internal', 'api.openai.com.evil.example', 'notapi.openai.com.x'])(
    'at %s is not known',
    (host) => {
      expect(providerAt(host)).toBeNull();
    },
  );
});
