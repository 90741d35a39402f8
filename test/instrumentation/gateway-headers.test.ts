import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { attributionInCarrier } from '../../instrumentation/carriers.js';
import { destinationsFrom } from '../../instrumentation/gateway-headers.js';
import { portOf } from '../support/free-port.js';

const APP = packagePath('test', 'instrumentation', 'gateway-headers-app.mjs');
const ACME = { tenant: 'acme', feature: 'chat', policy: 'pro', user: 'u-1' };

/** Something that is asked over HTTP, and keeps the headers of each request. */
async function startServer() {
  const got: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    got.push({ path: request.url ?? '', headers: request.headers });
    request.resume().once('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { got, port: portOf(server), stop };
}

/** Runs the application with a gateway, and tells what the gateway and another server got: bare requests, then own headers. */
async function run(gateway: string) {
  const [there, other] = await Promise.all([startServer(), startServer()]);
  try {
    const child = spawn(process.execPath, ['--import', 'waybill/register', APP], {
      cwd: packagePath(),
      env: {
        PATH: process.env['PATH'],
        OTEL_TRACES_EXPORTER: 'none',
        GATEWAY_URL: `http://127.0.0.1:${there.port}`,
        OTHER_URL: `http://127.0.0.1:${other.port}`,
        WAYBILL_CARRIERS: `127.0.0.1:${there.port}=${gateway}`,
      },
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await once(child, 'close');
    return { errors, gateway: there.got, other: other.got };
  } finally {
    there.stop();
    other.stop();
  }
}

describe('WAYBILL_CARRIERS', () => {
  it.concurrent.each(['cloudflare', 'litellm'] as const)(
    'puts attribution where %s reads it, and overwrites nothing',
    async (name) => {
      const { errors, gateway, other } = await run(name);
      expect(errors).toBe('');
      expect(gateway.map(({ path }) => path)).toEqual(['/fetch', '/fetch', '/http', '/http']);
      for (const { headers } of [gateway[0], gateway[2]].filter((one) => one !== undefined))
        expect(attributionInCarrier(name, headers)).toEqual(ACME);
      for (const { headers } of [gateway[1], gateway[3]].filter((one) => one !== undefined)) {
        expect(headers['x-own']).toBe('yes');
        if (name === 'litellm') expect(headers['x-litellm-customer-id']).toBe('of the app');
        // Cloudflare keeps five entries: there was room for one more.
        else
          expect(JSON.parse(String(headers['cf-aig-metadata']))).toEqual({
            a: 1,
            b: 2,
            c: 3,
            'tenant.id': 'of the app',
            'feature.id': 'chat',
          });
      }
      expect(other.map(({ headers }) => [headers['x-litellm-customer-id'], headers['cf-aig-metadata']])).toEqual(
        Array.from({ length: 2 }, () => ['of the app', '{"a":1,"b":2,"c":3,"tenant.id":"of the app"}']),
      );
    },
  );

  it('knows by name where a hosted gateway is, and leaves out what it cannot understand', () => {
    expect(destinationsFrom(' Cloudflare, proxy.internal = litellm,portkey')).toEqual([
      { host: 'gateway.ai.cloudflare.com', gateway: 'cloudflare' },
      { host: 'proxy.internal', gateway: 'litellm' },
      { host: 'api.portkey.ai', gateway: 'portkey' },
    ]);
    expect(destinationsFrom('litellm,=portkey,a=b=c,,x=constructor,__proto__')).toEqual([]);
    expect(destinationsFrom(undefined)).toEqual([]);
  });
});
