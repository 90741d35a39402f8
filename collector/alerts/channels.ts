import type { Channel, EmailChannel, WebhookChannel } from '../../schemas/alert-settings.js';
import type { AlertKind } from '../../schemas/alert.js';
import { StartError } from '../start-error.js';

/** A webhook with its secrets. */
export interface WebhookTarget extends Pick<WebhookChannel, 'id' | 'type' | 'format' | 'allowPrivate' | 'kinds'> {
  readonly url: string;
  /** Null: requests are not signed; Slack looks at no signature. */
  readonly secret: string | null;
}

/** A mail server with its password, and whom to write to. */
export interface EmailTarget extends Pick<EmailChannel, 'id' | 'type' | 'from' | 'to' | 'kinds'> {
  readonly server: string;
}

export type Target = WebhookTarget | EmailTarget;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The channels of a contract with the secrets that they take from the environment.
 *
 * @throws StartError that names the channel and the variable
 */
export function targetsOf(channels: readonly Channel[], env: Environment): Target[] {
  return channels.map((channel) => (channel.type === 'webhook' ? webhookOf(channel, env) : emailOf(channel, env)));
}

/** Whether a channel is told of alerts of a kind. */
export function wants({ kinds }: Pick<Target, 'kinds'>, kind: AlertKind): boolean {
  // A test is to show that the way is open, whatever usually comes along it.
  return kinds === undefined || kind === 'test' || kinds.includes(kind);
}

function webhookOf(channel: WebhookChannel, env: Environment): WebhookTarget {
  const { id, type, format, allowPrivate, kinds, urlEnv, secretEnv } = channel;
  const url = channel.url ?? from(env, urlEnv, id, 'the URL');
  const protocols = allowPrivate ? ['https:', 'http:'] : ['https:'];
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol)) {
    throw new StartError(
      `The channel '${id}' of the contract takes its URL from ${urlEnv}, which is no URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}.`,
    );
  }
  const secret = channel.secret ?? (secretEnv === undefined ? null : from(env, secretEnv, id, 'the secret'));
  if (secret !== null && secret.length < 16) {
    throw new StartError(`The secret of the channel '${id}', in ${secretEnv}, has under 16 characters.`);
  }
  return { id, type, url, secret, format, allowPrivate, kinds };
}

function emailOf(channel: EmailChannel, env: Environment): EmailTarget {
  const { id, type, to, kinds, serverEnv } = channel;
  const server = channel.server ?? from(env, serverEnv, id, 'the URL of the mail server');
  if (!URL.canParse(server) || !/^smtps?:$/.test(new URL(server).protocol)) {
    throw new StartError(
      `The channel '${id}' of the contract takes its mail server from ${serverEnv}, which is no URL such as smtp://user:password@mail.example.com:587.`,
    );
  }
  return { id, type, server, from: channel.from, to, kinds };
}

function from(env: Environment, variable: string | undefined, channel: string, what: string): string {
  const value = variable === undefined ? undefined : env[variable];
  if (value !== undefined && value !== '') return value;
  throw new StartError(
    `The contract takes ${what} of the channel '${channel}' from the environment variable ${variable}, which is not set.`,
  );
}
