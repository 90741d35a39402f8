import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startReceiver } from '../../collector/otlp/receiver.js';
import type { Receiver } from '../../collector/otlp/receiver.js';
import { packagePath } from '../../collector/package-path.js';
import type { Span } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import type { Provider } from '../demo/provider.js';
import { startProvider } from '../demo/provider.js';
import { contract } from '../support/contract.js';
import { freePort } from '../support/free-port.js';
import { attribute, beganUs, called, carried, wayUp } from '../support/received-spans.js';

const APP = fileURLToPath(new URL('app.mjs', import.meta.url));

let provider: Provider;
let receiver: Receiver;
let spans: Span[] = [];
/** How long the collector takes to answer, and how many requests wait for it. */
let answerMs = 0;
let unanswered = 0;

beforeAll(async () => {
  provider = await startProvider();
  receiver = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    contract: contract(),
    sink: {
      write: async (more) => {
        unanswered += 1;
        if (answerMs > 0) await sleep(answerMs);
        spans.push(...more.spans);
        unanswered -= 1;
      },
    },
    log: pino({ level: 'silent' }),
    clockUs: () => Date.now() * 1_000,
  });
});
afterAll(async () => {
  await receiver.stop();
  await provider.stop();
});

interface App extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  readonly log: () => string;
  /** Ends it by SIGTERM and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

const running: App[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app[Symbol.asyncDispose]();
  spans = [];
  answerMs = 0;
});

async function startApp(service: string, env: Record<string, string> = {}): Promise<App> {
  const child = spawn(process.execPath, ['--import', 'waybill/register', APP], {
    cwd: packagePath(),
    env: {
      PATH: process.env['PATH'],
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}`,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      PROVIDER_URL: provider.url,
      OVERLOADED_URL: provider.overloadedUrl,
      ...env,
    },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const port = await new Promise<string>((done, fail) => {
    child.stdout.once('data', (chunk: Buffer) => done(chunk.toString().trim()));
    child.once('exit', () => fail(new Error(`${service} did not start: ${log}`)));
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'close');
    child.kill(signal);
    await gone;
  };
  const app = {
    url: `http://127.0.0.1:${port}`,
    child,
    log: () => log,
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
  running.push(app);
  return app;
}

async function post(url: string): Promise<number> {
  return (await fetch(url, { method: 'POST' })).status;
}

/** Sends one request through two processes, and returns their spans when both are gone. */
async function throughTwo(kind: string): Promise<Span[]> {
  const back = await startApp('back');
  const front = await startApp('front', { NEXT_URL: back.url });
  expect(await post(`${front.url}/front/${kind}`)).toBe(200);
  await Promise.all([front.stop(), back.stop()]);
  return spans;
}

describe('node --import waybill/register', () => {
  it(
    'traces an ES module with Express and openai through two processes, all spans nested',
    { timeout: 60_000 },
    async () => {
      const all = await throughTwo('chat');
      const isRequestOfCall = ({ service, kind, parentSpanId }: Span) =>
        service === 'back' && kind === SpanKind.client && called(all).some(({ spanId }) => spanId === parentSpanId);
      expect(all.filter(isRequestOfCall).map((span) => wayUp(span, all))).toEqual([
        [
          'back POST',
          'back chat gpt-4o',
          'back request handler',
          'back POST /work/:kind',
          'front POST',
          'front request handler',
          'front POST /front/:kind',
        ],
      ]);
      expect(called(all)).toMatchObject([
        { call: { operation: 'chat', provider: 'openai', requestModel: 'gpt-4o', usage: { outputTokens: 46 } } },
      ]);
      // Attribution was set in one process: every span of the other has it.
      const back = all.filter(({ service }) => service === 'back');
      for (const span of back) expect(carried(span)).toEqual(['acme', 'chat', 'pro-monthly', 'u-1']);
      // And it is said which parents are in another process.
      const flagsOf = (service: string, kind: number) =>
        all.filter((span) => span.service === service && span.kind === kind).map(({ flags }) => flags & 0x300);
      expect(flagsOf('back', SpanKind.server)).toEqual([0x300]);
      expect(flagsOf('front', SpanKind.server)).toEqual([0x100]);
      expect(new Set(flagsOf('back', SpanKind.client))).toEqual(new Set([0x100]));
    },
  );

  it('asks for no usage where WAYBILL_STREAM_USAGE is off', async () => {
    const app = await startApp('back', { WAYBILL_STREAM_USAGE: 'off' });
    expect(await post(`${app.url}/work/stream-unasked`)).toBe(200);
    await app.stop();
    expect(called(spans)).toMatchObject([{ call: { usage: null } }]);
  });

  it("shows the collector's hint in the log of the application", async () => {
    // A service of its own: the collector says it once a minute and service.
    const app = await startApp('careless');
    await post(`${app.url}/work/chat`);
    await expect.poll(app.log, { timeout: 5_000 }).toContain("call span of service 'careless' lacks tenant.id");
  });

  it('respects OTEL_PROPAGATORS: without baggage, attribution ends at the hop', async () => {
    const back = await startApp('back');
    const front = await startApp('front', { NEXT_URL: back.url, OTEL_PROPAGATORS: 'tracecontext' });
    await post(`${front.url}/front/chat`);
    await Promise.all([front.stop(), back.stop()]);
    const [call] = called(spans);
    expect(call && carried(call)).toEqual([undefined, undefined, undefined, undefined]);
    expect(call && wayUp(call, spans).at(-1)).toBe('front POST /front/:kind');
  });
});

/** Each is a request to one application, and so a trace. */
const ASKED = [
  'responses',
  'embeddings',
  'stream',
  'stream-cut',
  'stream-left',
  'stream-aborted',
  'chat-cached',
  'stream-unasked',
  'responses-stream',
  'stream-refused',
  'responses-failed',
  'fetch',
  'http',
] as const;

describe('an application under waybill/register that is asked for one thing after the other', () => {
  let log: string;
  let all: readonly Span[];
  let traces: readonly (readonly Span[])[];
  beforeAll(async () => {
    // What the console exporter writes is the whole span; the receiver would pass content over.
    const app = await startApp('back', { OTEL_TRACES_EXPORTER: 'otlp,console' });
    for (const kind of ASKED) expect(await post(`${app.url}/work/${kind}`)).toBe(200);
    await vi.waitFor(() => expect(called(spans)).not.toEqual([]));
    for (let i = 0; i < 2; i += 1) expect(await post(`${app.url}/careless`)).toBe(200);
    await app.stop();
    log = app.log();
    all = spans;
    traces = [...new Set(all.map(({ traceId }) => traceId))]
      .map((id) => all.filter(({ traceId }) => traceId === id))
      .toSorted((a, b) => beganUs(a) - beganUs(b));
    expect(traces).toHaveLength(ASKED.length + 2);
  }, 60_000);

  const callsOf = (...kinds: (typeof ASKED)[number][]): Span[] =>
    kinds.flatMap((kind) => called(traces[ASKED.indexOf(kind)] ?? []));

  it('does not trace the requests of its own exporter', () => {
    expect(all.filter((span) => attribute(span, 'server.port') === String(receiver.port))).toEqual([]);
  });

  it('counts the tokens of responses, embeddings and streams', () => {
    const calls = callsOf('responses', 'embeddings', 'stream');
    expect(calls.map(({ call }) => [call?.operation, (call?.usage?.inputTokens ?? 0) > 0])).toEqual([
      ['chat', true],
      ['embeddings', true],
      ['chat', true],
    ]);
  });

  it('ends the span of a stream that is cut, as an error, and of one that its reader leaves', () => {
    const calls = callsOf('stream-cut', 'stream-left', 'stream-aborted');
    expect(calls).toMatchObject([
      { status: StatusCode.error, call: { usage: null } },
      { status: StatusCode.unset, call: { usage: null } },
      { status: StatusCode.unset, call: { usage: null } },
    ]);
    expect(calls.map((span) => attribute(span, 'error.type'))).toEqual(['TypeError', 'stream_left', 'stream_left']);
  });

  it('counts cached tokens, in streams that did not ask for it too, and keeps the added chunk from the application', () => {
    const calls = callsOf('chat-cached', 'stream-unasked', 'responses-stream');
    expect(calls).toMatchObject([
      { call: { provider: 'openai', usage: { inputTokens: 508, cacheReadTokens: 192, outputTokens: 46 } } },
      { call: { provider: 'openai', usage: { inputTokens: 508, cacheReadTokens: 192, outputTokens: 46 } } },
      { call: { provider: 'openai', usage: { inputTokens: 500, cacheReadTokens: 192, outputTokens: 46 } } },
    ]);
    expect(calls.map((span) => attribute(span, 'error.type'))).toEqual([undefined, undefined, undefined]);
    expect(log).toContain('gen_ai.usage.cache_read.input_tokens');
    expect(log).not.toContain('xyzzy');
  });

  it('asks for no usage where the application says no', () => {
    expect(callsOf('stream-refused')).toMatchObject([{ call: { usage: null } }]);
  });

  it('ends the span of a stream of responses that the provider refuses', () => {
    expect(callsOf('responses-failed')).toMatchObject([
      { status: StatusCode.error, call: { operation: 'chat', usage: null } },
    ]);
  });

  it('marks a request to a model that no client library reports, whether by fetch or by http', () => {
    expect(callsOf('fetch', 'http')).toMatchObject([
      { kind: SpanKind.client, call: { operation: 'chat', provider: '', usage: null } },
      { kind: SpanKind.client, call: { operation: 'chat', provider: '', usage: null } },
    ]);
  });

  it('leaves bad values out, warns once for each field, and throws nothing', () => {
    const careless = called(traces.slice(ASKED.length).flat());
    expect(careless.map(carried)).toEqual(Array.from({ length: 4 }, () => Array.from({ length: 4 })));
    expect(log.match(/Attribution: (\w+) /g)).toEqual(
      ['tenant', 'feature', 'policy', 'user'].map((field) => `Attribution: ${field} `),
    );
  });
});

describe('an application under waybill/register is not harmed', () => {
  it('by a collector that is away', async () => {
    const app = await startApp('back', { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` });
    expect(await post(`${app.url}/work/chat`)).toBe(200);
    const before = Date.now();
    await app.stop();
    expect(app.child.signalCode).toBe('SIGTERM');
    expect(Date.now() - before).toBeLessThan(4_000);
  });

  it('by settings that nobody can understand', async () => {
    const app = await startApp('back', { OTEL_EXPORTER_OTLP_ENDPOINT: 'not a url', OTEL_TRACES_SAMPLER: 'nonsense' });
    expect(await post(`${app.url}/work/chat`)).toBe(200);
    expect(app.log()).not.toBe('');
  });

  it('by being switched off', async () => {
    const app = await startApp('back', { OTEL_SDK_DISABLED: 'true' });
    expect(await post(`${app.url}/work/chat`)).toBe(200);
    await app.stop();
    expect(spans).toEqual([]);
  });

  /** Spans wait for a minute, so that only the end of the application can send them. */
  const patient = { OTEL_BSP_SCHEDULE_DELAY: '60000' };

  it('ends by the signal that was sent, and sends its last spans before', async () => {
    const app = await startApp('back', patient);
    await post(`${app.url}/work/chat`);
    await app.stop();
    expect(app.child.signalCode).toBe('SIGTERM');
    expect(called(spans)).toHaveLength(1);
  });

  it('sends the batch that is under way when the signal comes', async () => {
    answerMs = 500;
    const app = await startApp('back', { OTEL_BSP_SCHEDULE_DELAY: '1' });
    await post(`${app.url}/work/chat`);
    await expect.poll(() => unanswered, { interval: 10 }).toBeGreaterThan(0);
    await app.stop();
    expect(unanswered).toBe(0);
    expect(called(spans)).toHaveLength(1);
  });

  it('ends as its own handler has it, and sends its last spans before', async () => {
    const app = await startApp('back', { ...patient, ON_SIGTERM: '7' });
    await post(`${app.url}/work/chat`);
    await app.stop();
    expect(app.child.exitCode).toBe(7);
    expect(called(spans)).toHaveLength(1);
  });

  it('ends when it has nothing left to do, and sends its last spans before', async () => {
    const app = await startApp('back', patient);
    await post(`${app.url}/work/chat`);
    const gone = once(app.child, 'close');
    app.child.stdin?.end();
    await gone;
    expect(app.child.exitCode).toBe(0);
    expect(called(spans)).toHaveLength(1);
  });
});
