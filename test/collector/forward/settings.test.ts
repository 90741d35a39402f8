import { describe, expect, it } from 'vitest';
import { parseContract } from '../../../collector/contract/load.js';
import type { Forwarding } from '../../../collector/forward/settings.js';
import { forwardingOf } from '../../../collector/forward/settings.js';

const own = { host: '10.0.0.7', otlpPort: 4318, grpcPort: 4317, apiPort: 4319 };

function forwarding(yaml: string, env: Record<string, string> = {}): Forwarding | null {
  return forwardingOf(parseContract(yaml, 'waybill.yaml').forward, env, own);
}

describe('the settings of what is passed on', () => {
  it('are none by default', () => {
    expect(forwarding('')).toBeNull();
    expect(forwarding('', { WAYBILL_FORWARD_ENDPOINT: '' })).toBeNull();
  });

  it('come from the contract, with secrets from the environment', () => {
    const yaml = `forward:
      endpoint: https://otlp.example.com/otlp
      headers: { x-scope-orgid: llm }
      headersEnv: { authorization: UPSTREAM }
      acknowledge: stored
      timeout: 10s`;
    expect(forwarding(yaml, { UPSTREAM: 'Bearer token' })).toEqual({
      url: new URL('https://otlp.example.com/otlp/v1/traces'),
      headers: { 'x-scope-orgid': 'llm', authorization: 'Bearer token' },
      acknowledge: 'stored',
      timeoutMs: 10_000,
    });
  });

  it('come from the environment, which wins', () => {
    const env = {
      WAYBILL_FORWARD_ENDPOINT: 'http://collector:4318/v1/traces',
      WAYBILL_FORWARD_HEADERS: 'authorization=Bearer%20a%3Db, x-team=llm',
      WAYBILL_FORWARD_ACKNOWLEDGE: 'forwarded',
    };
    expect(forwarding('forward: { endpoint: "http://other:1", acknowledge: stored }', env)).toEqual({
      url: new URL('http://collector:4318/v1/traces'),
      headers: { authorization: 'Bearer a=b', 'x-team': 'llm' },
      acknowledge: 'forwarded',
      timeoutMs: 5_000,
    });
    expect(forwarding('', env)?.url.host).toBe('collector:4318');
  });

  it.each([
    ['forward: { endpoint: "ftp://collector" }', /waybill.yaml:1:22: .*must be a URL such as http:/],
    ['forward: { endpoint: "http://u:SECRET@collector" }', /must hold no password/],
    ['forward: { headers: { Authorization: SECRET } }', /holds a secret: name the environment variable/],
    ['forward: { headers: { content-type: text } }', /is set by Waybill itself/],
    ['forward: { headers: { x: "a\\nb" } }', /is no value of a header/],
    ['forward: { acknowledge: never }', /forward.acknowledge/],
    ['forward: {}', /says no endpoint. Give it one, or set WAYBILL_FORWARD_ENDPOINT/],
  ])('are refused where they will not do: %s', (yaml, message) => {
    const said = errorOf(() => forwarding(yaml));
    expect(said).toMatch(message);
    expect(said).not.toContain('SECRET');
  });

  it.each([
    [{ WAYBILL_FORWARD_ENDPOINT: 'http://u:SECRET@collector' }, /^WAYBILL_FORWARD_ENDPOINT must hold no password/],
    [{ WAYBILL_FORWARD_ENDPOINT: 'http://c', WAYBILL_FORWARD_HEADERS: 'SECRET' }, /is no list such as/],
    [{ WAYBILL_FORWARD_ENDPOINT: 'http://c', WAYBILL_FORWARD_HEADERS: 'host=SECRET' }, /is no list such as/],
    [{ WAYBILL_FORWARD_ENDPOINT: 'http://c', WAYBILL_FORWARD_ACKNOWLEDGE: 'never' }, /give forwarded or stored/],
  ])('are refused where the environment will not do: %j', (env, message) => {
    const said = errorOf(() => forwarding('', env));
    expect(said).toMatch(message);
    expect(said).not.toContain('SECRET');
  });

  it('are refused where a secret is not set, or none', () => {
    const yaml = 'forward: { endpoint: "http://c", headersEnv: { authorization: UPSTREAM } }';
    expect(() => forwarding(yaml)).toThrow(/environment variable UPSTREAM, which is not set/);
    expect(() => forwarding(yaml, { UPSTREAM: 'a\nSECRET' })).toThrow(/UPSTREAM, which is no value of a header.$/);
  });

  it.each(['http://localhost:4318', 'http://127.0.0.1:4319', 'http://[::1]:4317', 'http://10.0.0.7:4318/v1/traces'])(
    'never lead back to Waybill itself: %s',
    (endpoint) => {
      expect(() => forwarding('', { WAYBILL_FORWARD_ENDPOINT: endpoint })).toThrow(/names this Waybill itself/);
    },
  );
});

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}
