import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import fc from 'fast-check';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it } from 'vitest';
import { alertOf } from '../../../auditor/alerts/alert.js';
import { isPublicAddress, lookupPublic } from '../../../collector/alerts/addresses.js';
import type { WebhookTarget } from '../../../collector/alerts/channels.js';
import { deliver, signatureOf } from '../../../collector/alerts/deliver.js';
import { startCountingServer } from '../../support/counting-server.js';
import { freePort, portOf } from '../../support/free-port.js';
import { startWebhook } from '../../support/webhook.js';

const NOW_US = 1_793_620_800_000_000;
const SECRET = 'a secret of sixteen';

const alert = alertOf(
  NOW_US,
  { fromUs: NOW_US, toUs: NOW_US + 1 },
  {
    kind: 'budget-threshold',
    about: ['prö/1', '0.8'],
    scope: { policy: 'prö/1' },
    observed: '$85.00',
    expected: 'under $80.00',
    message: 'Policy <!channel> prö/1 has spent & "85 %".',
  },
);

function hook(url: string, change: Partial<WebhookTarget> = {}): WebhookTarget {
  return { id: 'ops', type: 'webhook', url, secret: SECRET, format: 'json', allowPrivate: true, ...change };
}

describe('a webhook', () => {
  it('posts the alert as JSON, signed over time and body', async () => {
    await using receiver = await startWebhook();
    await deliver(hook(receiver.url), alert, NOW_US);
    const [taken] = receiver.taken;
    expect(JSON.parse(taken?.body ?? '')).toEqual({ version: 1, alert });
    expect(taken?.headers).toMatchObject({
      'content-type': 'application/json',
      'waybill-alert-id': encodeURIComponent(alert.id),
    });
    const [, seconds, signature] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(taken?.headers['waybill-signature'])) ?? [];
    expect(seconds).toBe('1793620800');
    expect(signature).toBe(createHmac('sha256', SECRET).update(`${seconds}.${taken?.body}`).digest('hex'));
  });

  it('has another signature where secret, body or time is another', () => {
    const all = [
      signatureOf(SECRET, 'a', NOW_US),
      signatureOf(`${SECRET}!`, 'a', NOW_US),
      signatureOf(SECRET, 'b', NOW_US),
      signatureOf(SECRET, 'a', NOW_US + 1_000_000),
    ];
    expect(new Set(all).size).toBe(4);
  });

  it('speaks to Slack in its format, where no name can call a whole channel', async () => {
    await using receiver = await startWebhook();
    await deliver(hook(receiver.url, { format: 'slack', secret: null }), alert, NOW_US);
    const [taken] = receiver.taken;
    expect(JSON.parse(taken?.body ?? '')).toMatchObject({
      text: 'Policy &lt;!channel&gt; prö/1 has spent &amp; "85 %".',
      blocks: [{ type: 'section', text: { type: 'mrkdwn' } }, { type: 'context' }],
    });
    expect(taken?.body).not.toContain('<!channel>');
    expect(taken?.headers['waybill-signature']).toBeUndefined();
  });

  it('does not follow redirects, and says what was answered', async () => {
    await using elsewhere = await startWebhook();
    await using receiver = await startWebhook();
    receiver.answer = { status: 307, headers: { Location: elsewhere.url } };
    await expect(deliver(hook(receiver.url), alert, NOW_US)).rejects.toThrow(/answered 307, a redirect/);
    expect(elsewhere.taken).toEqual([]);
    receiver.answer = { status: 500 };
    await expect(deliver(hook(receiver.url), alert, NOW_US)).rejects.toThrow(/answered 500/);
    await expect(deliver(hook(`http://127.0.0.1:${await freePort()}/`), alert, NOW_US)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('says nothing of its secrets when it fails', async () => {
    await using receiver = await startWebhook();
    const secret = 'SECRET-of-sixteen';
    const said: string[] = [];
    const fail = async (url: string, change: Partial<WebhookTarget> = {}): Promise<void> => {
      const failing = deliver(hook(`${url}/T00/SECRET?token=SECRET`, { secret, ...change }), alert, NOW_US);
      said.push(await failing.then(String, String));
    };
    for (const status of [307, 403, 500]) {
      receiver.answer = { status, headers: { Location: 'http://127.0.0.1/SECRET' } };
      await fail(new URL(receiver.url).origin);
    }
    await fail(`http://127.0.0.1:${await freePort()}`);
    await fail('http://169.254.169.254', { allowPrivate: false });
    await fail('http://nowhere.invalid');
    const mail = { id: 'mail', type: 'email' as const, from: 'a@example.com', to: ['b@example.com'] };
    const server = `smtp://waybill:SECRET@127.0.0.1:${await freePort()}`;
    said.push(await deliver({ ...mail, server }, alert, NOW_US).then(String, String));
    expect(said).toHaveLength(7);
    for (const one of said) expect(one).toMatch(/Error|Refused/);
    expect(said.join('\n')).not.toContain('SECRET');
  });

  it('does not connect to an address that is not public, by number or by name, unless allowed', async () => {
    const server = await startCountingServer();
    const port = server.port;
    const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0x7f000001', '2130706433', '127.1', '0'];
    for (const host of hosts) {
      const refused = deliver(hook(`http://${host}:${port}/`, { allowPrivate: false }), alert, NOW_US);
      await expect(refused, host).rejects.toThrow(/is not a public address; say allowPrivate/);
    }
    // Where AWS, Google and Azure, Alibaba, and the agent of Azure hand out credentials.
    for (const host of [
      '169.254.169.254',
      '[fd00:ec2::254]',
      '[::ffff:169.254.169.254]',
      '100.100.100.200',
      '168.63.129.16',
    ]) {
      const metadata = hook(`http://${host}/latest/meta-data/`, { allowPrivate: false });
      await expect(deliver(metadata, alert, NOW_US), host).rejects.toThrow(/is not a public address/);
    }
    expect(server.connections()).toBe(0);
    server.close();
  });
});

describe('an address', () => {
  it('is public or not as the registries of IANA say', () => {
    const refused =
      `10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 168.63.129.16 169.254.169.254 192.0.0.192 172.16.0.1 172.31.255.255 192.168.0.1 0.0.0.0
      224.0.0.1 255.255.255.255 198.18.0.1 :: ::1 fe80::1 fc00::1 fd00:ec2::254 ff02::1 ::ffff:10.0.0.1 64:ff9b::a00:1
      2002:a00:1:: 2001:db8::1 ::127.0.0.1 nonsense`.split(/\s+/);
    for (const address of refused) expect(isPublicAddress(address), address).toBe(false);
    const allowed = ['1.1.1.1', '172.15.0.1', '172.32.0.1', '192.167.1.1', '2606:4700::1111', '::ffff:8.8.8.8'];
    for (const address of allowed) expect(isPublicAddress(address), address).toBe(true);
  });

  it('that is looked up is refused as a whole where one of several is not public', async () => {
    const looked = (all: boolean): Promise<unknown> =>
      new Promise((done) => {
        lookupPublic('localhost', { all }, (error, address) => done(error ?? address));
      });
    for (const all of [true, false]) expect(await looked(all)).toMatchObject({ name: 'RefusedAddress' });
  });

  it('of IPv4 is judged alike in its mapped form', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
      }),
    );
  });
});

describe('e-mail', () => {
  it('reaches a real server, with the password of its URL', async () => {
    const mails: { from: string; to: string[]; user: string; source: string }[] = [];
    const server = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      onAuth: ({ username, password }, _session, done) =>
        password === 'pass word' ? done(null, { user: username ?? '' }) : done(new Error('wrong password')),
      onData: (stream, { envelope, user }, done) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const mail = { from, to: envelope.rcptTo.map(({ address }) => address), user: String(user), source: '' };
        stream.on('data', (chunk: Buffer) => (mail.source += chunk.toString()));
        stream.once('end', () => {
          mails.push(mail);
          done();
        });
      },
    });
    const { server: listener } = server;
    server.listen(0, '127.0.0.1');
    if (!listener.listening) await once(listener, 'listening');
    const mail = {
      id: 'mail',
      type: 'email' as const,
      from: 'waybill@example.com',
      to: ['finops@example.com', 'ops@example.com'],
    };
    const at = `127.0.0.1:${portOf(listener)}`;
    await deliver({ ...mail, server: `smtp://waybill:pass%20word@${at}` }, alert, NOW_US);
    expect(mails).toMatchObject([{ from: mail.from, to: mail.to, user: 'waybill' }]);
    const source = (mails[0]?.source ?? '').replaceAll('=\r\n', '');
    expect(source).toMatch(/Subject: =\?UTF-8\?/);
    expect(source).toContain('Observed: $85.00');
    const wrong = deliver({ ...mail, server: `smtp://waybill:wrong@${at}` }, alert, NOW_US);
    await expect(wrong).rejects.toThrow(/wrong password/);
    expect(mails).toHaveLength(1);
    await new Promise<void>((done) => {
      server.close(done);
    });
  });
});
