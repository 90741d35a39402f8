import { createHmac } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { Alert } from '../../schemas/alert.js';
import { packageVersion } from '../package-path.js';
import type { EmailTarget, Target, WebhookTarget } from './channels.js';
import { post } from './post.js';

const MAIL_TIMEOUT_MS = 10_000;

/**
 * Sends an alert along a channel, once.
 *
 * @param nowUs the present, microseconds since 1970; it is part of what is signed
 * @throws Error that says what went wrong
 */
export async function deliver(target: Target, alert: Alert, nowUs: number): Promise<void> {
  if (target.type === 'email') await sendMail(target, alert);
  else await sendWebhook(target, alert, nowUs);
}

async function sendWebhook(target: WebhookTarget, alert: Alert, nowUs: number): Promise<void> {
  const body = JSON.stringify(target.format === 'slack' ? slackMessage(alert) : { version: 1, alert });
  await post({
    url: target.url,
    allowPrivate: target.allowPrivate,
    body,
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': `waybill/${packageVersion()}`,
      // Whoever must not act twice can tell a repetition by it: an answer may have been lost on the way back.
      'Waybill-Alert-Id': encodeURIComponent(alert.id),
      ...(target.secret === null ? {} : { 'Waybill-Signature': signatureOf(target.secret, body, nowUs) }),
    },
  });
}

/**
 * Signs a request: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body" in hex>`. The time is signed too, so that a
 * request that was overheard cannot be sent again much later.
 */
export function signatureOf(secret: string, body: string, nowUs: number): string {
  const seconds = Math.floor(nowUs / 1_000_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** https://docs.slack.dev/messaging/formatting-message-text: these three characters are all that has to be escaped. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function slackMessage(alert: Alert): unknown {
  const text = slackText(alert.message);
  return {
    text,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `*Waybill* ${text}`.slice(0, 3_000) } },
      { type: 'context', elements: [plainText('Observed', alert.observed), plainText('Expected', alert.expected)] },
    ],
  };
}

function plainText(what: string, value: string): unknown {
  return { type: 'plain_text', text: `${what}: ${value}`.slice(0, 2_000), emoji: false };
}

async function sendMail({ server, from, to }: EmailTarget, alert: Alert): Promise<void> {
  const transport = createTransport({
    url: server,
    connectionTimeout: MAIL_TIMEOUT_MS,
    greetingTimeout: MAIL_TIMEOUT_MS,
    socketTimeout: MAIL_TIMEOUT_MS,
  });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: `Waybill: ${alert.message}`.replaceAll(/\s+/g, ' ').slice(0, 200),
      messageId: `<${Buffer.from(alert.id).toString('base64url')}@waybill>`,
      text: [
        alert.message,
        '',
        `Observed: ${alert.observed}`,
        `Expected: ${alert.expected}`,
        `From ${alert.from} to ${alert.to}`,
        '',
        `Id: ${alert.id}`,
      ].join('\n'),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  } finally {
    transport.close();
  }
}
