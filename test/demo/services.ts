import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort } from '../support/free-port.js';
import type { Launched, LaunchOptions } from './launch.js';
import { launch } from './launch.js';

/** The services of the demo, each a process of its own. */
export interface Services extends AsyncDisposable {
  readonly webUrl: string;
  /** `PUT` and `DELETE` on `/broken/{tenant}` let it drop the baggage of a tenant, or keep it again. */
  readonly agentUrl: string;
  readonly running: readonly Launched[];
  readonly stop: () => Promise<void>;
}

/** Where the package's own root is: `waybill/register` is found from there, and only there. */
export const packageRoot = dirname(createRequire(import.meta.url).resolve('waybill/package.json'));

const compiled = join(packageRoot, 'dist', 'test', 'demo');

/**
 * Starts the services: provider ← gateway, gateway-fallback ← agent ← web. All but the provider, which stands for a
 * third party, are instrumented by `--import waybill/register` and nothing else.
 *
 * @param otlpUrl where spans are sent
 */
export async function startServices(otlpUrl: string): Promise<Services> {
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort(), freePort()]);
  const [provider, gateway, fallback, agent, web] = ports;
  const started = await Promise.allSettled(
    [
      {
        name: 'provider',
        args: [join(compiled, 'provider-main.js')],
        env: { PORT: String(provider) },
        cwd: packageRoot,
        port: provider,
      },
      gatewayOf('gateway', gateway, otlpUrl, {}),
      gatewayOf('gateway-fallback', fallback, otlpUrl, {
        DEMO_TENANT: 'shared-pool',
        DEMO_PROVIDER_URL: `${urlOf(provider)}/v1`,
      }),
      instrumented('agent', [join(compiled, 'agent.js')], agent, otlpUrl, {
        GATEWAY_URL: urlOf(gateway),
        FALLBACK_URL: urlOf(fallback),
        PROVIDER_URL: `${urlOf(provider)}/v1`,
        OVERLOADED_URL: `${urlOf(provider)}/overloaded/v1`,
      }),
      instrumented('web', [join(compiled, 'web.js')], web, otlpUrl, { AGENT_URL: urlOf(agent) }),
    ].map(launch),
  );
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((one) => one.stop()));
  };
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return { webUrl: urlOf(web), agentUrl: urlOf(agent), running, stop, [Symbol.asyncDispose]: stop };
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** The official Portkey gateway, as it comes from npm. */
export function gatewayOf(
  name: string,
  port: number,
  otlpUrl: string,
  env: Readonly<Record<string, string>>,
): LaunchOptions {
  const server = createRequire(import.meta.url).resolve('@portkey-ai/gateway/build/start-server.js');
  const preload = join(compiled, 'gateway-preload.js');
  return instrumented(name, ['--import', preload, server, `--port=${port}`, '--headless'], port, otlpUrl, env);
}

/** A service with `waybill/register` and nothing else of ours. */
export function instrumented(
  name: string,
  args: readonly string[],
  port: number,
  otlpUrl: string,
  env: Readonly<Record<string, string>>,
): LaunchOptions {
  return {
    name,
    args: ['--import', 'waybill/register', ...args],
    env: {
      ...env,
      PORT: String(port),
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
      OTEL_BSP_SCHEDULE_DELAY: '500',
    },
    cwd: packageRoot,
    port,
  };
}
