import { Buffer } from 'node:buffer';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditReportSchema } from '../../../schemas/audit.js';
import { gatewayRecords } from '../../support/gateway-records.js';
import { otlpJson } from '../../support/otlp-json.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(dir, name), content);
  return name;
}

const audit = (args: readonly string[], input?: string) =>
  waybill(['audit', ...args], input === undefined ? { cwd: dir } : { cwd: dir, input });

const cleanSpans = trace(1).station('web', clean).station('agent', clean).call('gpt-4o', undefined, clean).spans;
/** A caller that has written down what LiteLLM calls its request. */
const REQUEST = [
  'tenant.id',
  'acme',
  'feature.id',
  'chat',
  'budget.policy.id',
  'pro-monthly',
  'litellm.call_id',
  'call-1',
];
const { tenant: _, ...withoutTenant } = clean;
const lossy = (number: number) =>
  trace(number)
    .station('web', clean)
    .station('agent', clean)
    .station('gateway', withoutTenant)
    .call('gpt-4o', undefined, withoutTenant).spans;

describe('waybill audit', () => {
  it('leaves with 0 where every call is enforceable, and prints the report that the schema describes', async () => {
    const { code, stdout } = await audit([
      await file('clean.json', JSON.stringify(otlpJson(cleanSpans))),
      '--format',
      'json',
    ]);
    const report = auditReportSchema.parse(JSON.parse(stdout));
    expect(report.summary).toEqual({
      traces: 1,
      calls: 1,
      costUsd: '0.003500000000',
      unknownCost: 0,
      verdicts: { enforceable: 1, attributed: 0, unattributed: 0 },
    });
    expect(code).toBe(0);
  });

  it('draws the route, and shows at a glance at which hop the tenant was lost', async () => {
    const { code, stdout } = await audit([await file('lossy.json', JSON.stringify(otlpJson(lossy(2))))]);
    expect(code).toBe(1);
    expect(stdout).toMatchInlineSnapshot(`
      "✗ unattributed  gpt-4o  $0.0035  trace 00000000000000000000000000000002

                 web              agent            gateway
        tenant   acme        ──── acme        ─✗─▶ —             dropped at agent → gateway
        feature  chat        ──── chat        ──── chat          intact
        policy   pro-monthly ──── pro-monthly ──── pro-monthly   intact

        error   dropped  tenant was 'acme' at agent and is gone at gateway.
        fix     Propagate baggage from agent to gateway, or have gateway stamp it.

      1 call in 1 trace, $0.0035: 0 enforceable, 0 attributed, 1 unattributed
      "
    `);
  });

  it('draws calls that fared alike once, with their number', async () => {
    const spans = Array.from({ length: 12 }, (__, i) => lossy(i + 1)).flat();
    const { stdout } = await audit([await file('many.json', JSON.stringify(otlpJson(spans)))]);
    expect(stdout.match(/trace 0+1\b/g)).toHaveLength(1);
    expect(stdout).not.toMatch(/trace 0+2\b/);
    expect(stdout).toContain('12 calls  gpt-4o  $0.042');
  });

  it('draws the stations below each other where they do not fit beside each other', async () => {
    const { spans } = trace(6)
      .station('web', clean)
      .station('agent-of-the-first-department', clean)
      .station('agent-of-the-second-department', withoutTenant)
      .station('gateway', { ...clean, tenant: 'pool' })
      .call('gpt-4o', undefined, { ...clean, tenant: 'pool' });
    const { stdout } = await audit([await file('wide.json', JSON.stringify(otlpJson(spans)))]);
    expect(stdout.split('\n').slice(2, 8).join('\n')).toMatchInlineSnapshot(`
      "                            tenant       feature    policy
        web                       acme         chat       pro-monthly
        agent-of-the-first-de…    acme         chat       pro-monthly
        agent-of-the-second-d…  ✗ —            chat       pro-monthly
        gateway                 + pool         chat       pro-monthly
                                  rewritten    intact     intact"
    `);
  });

  it('colours only where it is asked to', async () => {
    const name = await file('colour.json', JSON.stringify(otlpJson(lossy(2))));
    expect((await audit([name])).stdout).not.toContain('\u001B[');
    const coloured = await waybill(['audit', name], { cwd: dir, env: { FORCE_COLOR: '1' } });
    expect(coloured.stdout).toContain('\u001B[31m ─✗─▶ \u001B[39m');
  });

  it('puts a trace together from several files, lines, and standard input', async () => {
    const [first, second, third] = lossy(3).map((span) => JSON.stringify(otlpJson([span])));
    const rest = lossy(3)
      .slice(3)
      .map((span) => JSON.stringify(otlpJson([span])));
    const lines = await file('lines.jsonl', `${first}\n\n${second}\r\n`);
    const packed = await file('packed.json.gz', gzipSync(rest.join('\n')));
    const { stdout } = await audit([lines, '-', packed, '--format', 'json'], third);
    const { calls } = auditReportSchema.parse(JSON.parse(stdout));
    expect(calls.map(({ route }) => route)).toEqual([['web', 'agent', 'gateway']]);
    expect(calls[0]?.attributes['tenant']).toMatchObject({ outcome: 'dropped', hop: { from: 'agent', to: 'gateway' } });
  });

  it('knows protobuf by its content, even where it begins as JSON could', async () => {
    // The resource and the request are filled up until their lengths are those of `"` and `{`.
    const body = protobufRequest({ resourceBytes: 0x22, requestBytes: 0x7b });
    expect(body.subarray(0, 4).toString('latin1')).toBe('\n{\n"');
    const { stdout, code } = await audit([await file('request.pb', body), '--format', 'json']);
    const { calls } = auditReportSchema.parse(JSON.parse(stdout));
    expect(calls).toMatchObject([{ traceId: 'ab'.repeat(16), operation: 'chat', verdict: 'unattributed' }]);
    expect(code).toBe(1);
  });

  it("reads gateways' logs beside spans: a record is one more station of the call that it is about", async () => {
    const call = trace(5)
      .station('web', clean)
      .call('gpt-4o', undefined, { span: { attributes: REQUEST } });
    const spans = await file('spans.json', JSON.stringify(otlpJson(call.spans)));
    const line = JSON.stringify(gatewayRecords.litellm);
    const log = await file('litellm.jsonl', `${line}\n${line}\n`);
    const report = async (...args: readonly string[]) =>
      auditReportSchema.parse(JSON.parse((await audit([...args, '--format', 'json'])).stdout));
    const joined = await report(spans, log);
    expect(joined.calls).toMatchObject([{ route: ['web', 'litellm'], join: 'request-id', dialect: 'litellm-log' }]);
    const alone = await report('--from', 'litellm', log);
    expect(alone.calls).toMatchObject([{ route: ['litellm'], join: 'none' }]);
    expect(await audit(['--from', 'kong', log])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('2 records were left out. The record has not the form of a log of kong.'),
    });
  });

  it('judges by the contract that it is given, and refuses one that is wrong', async () => {
    const spans = await file('aliased.json', JSON.stringify(otlpJson(cleanSpans)));
    const strict = await file('strict.yaml', 'attributes: { tenant: { values: [globex] } }\n');
    const { code, stdout } = await audit([spans, '--contract', strict]);
    expect(code).toBe(1);
    expect(stdout).toContain('unregistered');
    const wrong = await file('wrong.yaml', 'attributes:\n  tennant: {}\n');
    const refused = await audit([spans, '--contract', wrong]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr.trim()).toBe("wrong.yaml:2:3: Unknown key 'tennant' in attributes. Did you mean 'tenant'?");
  });

  it('says which file, and which line, it cannot read', async () => {
    const broken = await file('broken.jsonl', `${JSON.stringify(otlpJson(cleanSpans))}\n{"resourceSpans": [\n`);
    expect(await audit([broken])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^broken\.jsonl: line 2 /) });
    const prose = await file('prose.txt', 'These are no spans.');
    expect(await audit([prose])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^prose\.txt: /) });
    const torn = await file('torn.gz', gzipSync('{}').subarray(0, 12));
    expect(await audit([torn])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^torn\.gz: .*gzip/) });
    expect(await audit(['absent.json'])).toMatchObject({ code: 2, stderr: expect.stringContaining('absent.json') });
  });

  it('leaves with 3 where there is no call to judge', async () => {
    const noCall = trace(4).station('web', clean).spans;
    const name = await file('no-call.json', JSON.stringify(otlpJson(noCall)));
    expect(await audit([name])).toMatchObject({ code: 3, stdout: 'No call to a model in 1 trace.\n' });
    expect((await audit([await file('empty.json', '')])).code).toBe(3);
  });

  it('shows what a span says on a terminal, but does not obey it', async () => {
    const hostile = trace(5)
      .station('web\u001B[2J', { ...clean, tenant: 'a\u202Eb\r\nc' })
      .call('gpt-4o').spans;
    const { stdout } = await audit([await file('hostile.json', JSON.stringify(otlpJson(hostile)))]);
    for (const control of ['\u001B', '\u202E', '\r']) expect(stdout).not.toContain(control);
    expect(stdout).toContain('web\\x1b[2J');
  });

  it('says how far it has come where there are many traces, a line each tenth where no terminal is', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => trace(i + 1).station('web').spans).flat();
    const { stderr } = await audit([await file('many.json', JSON.stringify(otlpJson(many)))]);
    const told = Array.from({ length: 10 }, (_, i) => `${(i + 1) * 1_000} of 10000 traces`);
    expect(stderr.trim().split('\n')).toEqual(told);
  });
});

describe('waybill contract check', () => {
  it('says that a contract holds, or where it does not', async () => {
    await file('waybill.yaml', 'services: { web: { role: entry } }\n');
    expect(await waybill(['contract', 'check'], { cwd: dir })).toMatchObject({
      code: 0,
      stdout: 'waybill.yaml is valid.\n',
    });
    await file('bad.yaml', 'gate:\n  window: soon\n');
    const bad = await waybill(['contract', 'check', 'bad.yaml', '--format', 'json'], { cwd: dir });
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ problems: [{ file: 'bad.yaml', line: 2, column: 11 }] });
    expect((await waybill(['contract', 'check', 'absent.yaml'], { cwd: dir })).code).toBe(2);
  });
});

describe('the command line', () => {
  it('leaves with 2 at what it does not know, and with 0 where help was asked for', async () => {
    for (const args of [['audit', '--frmat', 'json'], ['audit'], ['serv'], ['audit', 'x', '--format', 'xml']]) {
      expect(await waybill(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('error: ') });
    }
    for (const args of [['--help'], ['audit', '--help'], ['contract', 'check', '--help'], ['--version']]) {
      expect(await waybill(args)).toMatchObject({ code: 0, stderr: '' });
    }
  });
});

/** One call span in protobuf, with attributes that fill the resource and the request up to the lengths asked for. */
function protobufRequest({ resourceBytes, requestBytes }: { resourceBytes: number; requestBytes: number }): Buffer {
  const resource = attribute('service.name', 'w'.repeat(resourceBytes - attribute('service.name', '').length));
  const span = (name: string) =>
    Buffer.concat([
      bytes(1, Buffer.alloc(16, 0xab)),
      bytes(2, Buffer.alloc(8, 0xcd)),
      bytes(5, name),
      bytes(9, Buffer.concat([bytes(1, 'gen_ai.operation.name'), bytes(2, bytes(1, 'chat'))])),
    ]);
  const rest = (name: string) => Buffer.concat([bytes(1, resource), bytes(2, bytes(2, span(name)))]);
  return bytes(1, rest('x'.repeat(requestBytes - rest('').length)));
}

/** A field that holds bytes: its tag, their number, and they themselves; all under 128 bytes. */
function bytes(field: number, content: Uint8Array | string): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([Buffer.of((field << 3) | 2, body.length), body]);
}

function attribute(key: string, value: string): Buffer {
  return bytes(1, Buffer.concat([bytes(1, key), bytes(2, bytes(1, value))]));
}
