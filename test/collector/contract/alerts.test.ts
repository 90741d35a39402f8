import { describe, expect, it } from 'vitest';
import { targetsOf, wants } from '../../../collector/alerts/channels.js';
import { ContractError } from '../../../collector/contract/error.js';
import { parseContract } from '../../../collector/contract/load.js';

/** What is wrong with the alerts of a contract, as `line:column: message`. */
function problems(yaml: string): string[] {
  try {
    parseContract(yaml, 'waybill.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

const channels = (...all: string[]): string => `alerts:\n  channels:\n${all.map((one) => `    - ${one}\n`).join('')}`;

describe('the alerts of a contract', () => {
  it('are read as the README shows them', () => {
    const { alerts } = parseContract(
      `alerts:
  channels:
    - { id: ops, type: webhook, url: 'https://ops.example.com/hook', secretEnv: OPS_SECRET }
    - { id: slack, type: webhook, format: slack, urlEnv: SLACK_URL, kinds: [budget-threshold] }
    - { id: mail, type: email, serverEnv: SMTP_URL, from: a@example.com, to: [b@example.com] }
  unattributedSpend: { over: 0.05 }
  scoreDrop: { points: 5 }
  gateLost: { scopes: [{ tenant: acme }] }
  unusualSpend: { by: tenant }
`,
      'waybill.yaml',
    );
    expect(alerts).toMatchObject({
      forecast: true,
      unattributedSpend: { over: 0.05, window: '24h' },
      scoreDrop: { points: 5, window: '7d' },
      unusualSpend: { z: 3.5, days: 28, by: 'tenant' },
    });
    const env = {
      OPS_SECRET: 'a secret of sixteen',
      SLACK_URL: 'https://hooks.slack.com/x',
      SMTP_URL: 'smtp://mail:25',
    };
    const targets = targetsOf(alerts.channels, env);
    expect(targets).toMatchObject([{ secret: env.OPS_SECRET }, { url: env.SLACK_URL }, { server: env.SMTP_URL }]);
    expect(targets.map((one) => wants(one, 'score-drop'))).toEqual([true, false, true]);
    expect(targets.every((one) => wants(one, 'test'))).toBe(true);
  });

  it('are watched only where it says so', () => {
    expect(parseContract('', 'waybill.yaml').alerts).toEqual({ channels: [], forecast: true });
  });

  it('are refused with the line and column of what is wrong', () => {
    expect(problems('alerts:\n  chanels: []\n')).toEqual([
      "2:3: Unknown key 'chanels' in alerts. Did you mean 'channels'?",
    ]);
    expect(problems('alerts: { scoreDrop: { points: -1 } }\n')[0]).toMatch(/^1:32: in alerts\.scoreDrop\.points: /);
    const hook = (rest: string) => problems(channels(`{ id: ops, type: webhook, ${rest} }`))[0];
    expect(hook('secretEnv: S')).toMatch(/^3:7: .*needs either url or urlEnv/);
    expect(hook("url: 'https://a.example'")).toMatch(/^3:7: .*needs secretEnv: its requests are signed/);
    expect(hook("secretEnv: S, url: 'http://a.example'")).toMatch(/^3:52: .*must begin with https/);
    expect(hook("secretEnv: S, url: 'ftp://a.example'")).toMatch(/^3:52: /);
    expect(hook("secretEnv: S, url: 'https://a.example', kinds: [everything]")).toMatch(/^3:\d+: /);
    expect(problems(channels('{ id: ops, type: pager }'))[0]).toMatch(/^3:\d+: /);
    const mail = '{ id: ops, type: email, server: smtp://mail.example.com, from: a@example.com, to: [b@example.com] }';
    expect(problems(channels(mail, mail))).toEqual(["4:13: The channel id 'ops' is used twice."]);
    expect(problems(channels(mail.replace('smtp:', 'http:')))[0]).toMatch(/must be a URL such as smtp:/);
  });

  it('say which channel lacks which variable, and what is wrong with one', () => {
    const { alerts } = parseContract(channels('{ id: ops, type: webhook, urlEnv: U, secretEnv: S }'), 'waybill.yaml');
    const resolve = (env: Record<string, string>) => () => targetsOf(alerts.channels, env);
    expect(resolve({ S: 'a secret of sixteen' })).toThrow(
      "channel 'ops' from the environment variable U, which is not set",
    );
    expect(resolve({ U: 'https://a.example', S: 'short' })).toThrow('under 16 characters');
    expect(resolve({ U: 'http://a.example', S: 'a secret of sixteen' })).toThrow('begins with https://');
  });
});
