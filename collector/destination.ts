import type { DestinationSettings } from '../schemas/destination.js';
import { destinationFields, headerValue } from '../schemas/destination.js';
import type { ServeConfig } from './config.js';
import { StartError } from './start-error.js';

/** Where requests of OTLP/HTTP go, with the secrets that they take along. */
export interface Destination {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where this Waybill listens itself. */
export type OwnPorts = Pick<ServeConfig, 'host' | 'otlpPort' | 'grpcPort' | 'apiPort'>;

/**
 * A destination of the contract, or of the environment, which wins; null: there is none.
 *
 * @param section its name in the contract, such as `forward`
 * @param path where a signal goes, such as `/v1/traces`; appended where the endpoint does not end so
 * @throws StartError that names what is wrong, and no secret
 */
export function destinationOf(
  section: string,
  path: string,
  settings: DestinationSettings | undefined,
  env: Environment,
  own: OwnPorts,
): Destination | null {
  const variable = `WAYBILL_${section.toUpperCase()}`;
  const named = env[`${variable}_ENDPOINT`];
  const endpoint = named === undefined || named === '' ? settings?.endpoint : checked(named, `${variable}_ENDPOINT`);
  if (endpoint === undefined) {
    if (settings === undefined) return null;
    throw new StartError(
      `The contract has a section '${section}' that says no endpoint. Give it one, or set ${variable}_ENDPOINT.`,
    );
  }
  const url = new URL(endpoint);
  if (isOwnAddress(url, own)) {
    throw new StartError(`'${section}' names this Waybill itself, at ${url.host}. Name what comes after it.`);
  }
  if (!url.pathname.endsWith(path)) url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
  return {
    url,
    headers: {
      ...settings?.headers,
      ...secretHeaders(section, settings, env),
      ...listedHeaders(env[`${variable}_HEADERS`] ?? '', `${variable}_HEADERS`),
    },
  };
}

function checked(text: string, variable: string): string {
  const parsed = destinationFields.endpoint.safeParse(text);
  if (parsed.success && parsed.data !== undefined) return parsed.data;
  const why = parsed.success ? 'is empty' : (parsed.error.issues[0]?.message ?? 'will not do');
  throw new StartError(`${variable} ${why}.`);
}

function secretHeaders(
  section: string,
  settings: DestinationSettings | undefined,
  env: Environment,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings?.headersEnv ?? {}).map(([header, variable]) => {
      const value = env[variable];
      if (value !== undefined && headerValue.safeParse(value).success) return [header, value];
      throw new StartError(
        `The contract takes the header '${header}' of '${section}' from the environment variable ${variable}, which ${value === undefined || value === '' ? 'is not set' : 'is no value of a header'}.`,
      );
    }),
  );
}

/** Headers as `OTEL_EXPORTER_OTLP_HEADERS` has them: `name=value,name=value`, percent-encoded where need be. */
function listedHeaders(text: string, variable: string): Record<string, string> {
  if (text === '') return {};
  const schema = destinationFields.headersEnv.unwrap();
  return Object.fromEntries(
    text.split(',').map((one) => {
      const [, header = '', encoded = ''] = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(one) ?? [];
      const value = decoded(encoded);
      // The value is held against the same rule, and never quoted: it may be a key.
      if (schema.safeParse({ [header]: 'x' }).success && headerValue.safeParse(value).success) return [header, value];
      throw new StartError(`${variable} is no list such as authorization=Bearer%20token,x-team=llm.`);
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Whether a URL leads to a port of this Waybill, as far as its host tells. */
export function isOwnAddress(url: URL, { host, otlpPort, grpcPort, apiPort }: OwnPorts): boolean {
  return leadsHere(url, [otlpPort, grpcPort, apiPort], host);
}

/** Whether a URL leads to one of these ports of this machine. @param host an address of it besides those of the loopback */
export function leadsHere(url: URL, ports: readonly (number | null)[], host = 'localhost'): boolean {
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isHere = name === host || /^(?:localhost|127\.[\d.]+|::1|::|0\.0\.0\.0)$/.test(name);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return isHere && ports.includes(port);
}
