import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';

const SDK = packagePath('test', 'instrumentation', 'own-sdk', 'sdk.mjs');
const APP = packagePath('test', 'instrumentation', 'own-sdk', 'app.mjs');
const OTEL3 = packagePath('test', 'support', 'otel3.mjs');

/** What the application tells of its own spans, and of the headers that it wrote. */
interface Told {
  readonly spans: readonly (readonly [string, Readonly<Record<string, unknown>>])[];
  readonly written: Readonly<Record<string, string>>;
}

interface Run {
  readonly node?: string;
  /** What is loaded before the application, in order. */
  readonly imports: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function run({ node = process.execPath, imports, env = {} }: Run): Promise<{ told: Told; errors: string }> {
  const child = spawn(node, [...imports.flatMap((one) => ['--import', one]), APP], {
    cwd: packagePath(),
    env: { PATH: process.env['PATH'], ...env },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`The application ended with ${child.exitCode}: ${errors}`);
  return { told: JSON.parse(output), errors };
}

const ACME = { 'tenant.id': 'acme', 'feature.id': 'chat', 'budget.policy.id': 'pro' };

function expectAttribution({ spans, written }: Told): void {
  expect(Object.fromEntries(spans)).toEqual({
    request: ACME,
    call: { ...ACME, 'user.id': 'late' },
    'from outside': { 'tenant.id': 'globex' },
  });
  expect(written['traceparent']).toMatch(/^00-/);
  // In front of what the application put there first, and before what does not fit.
  expect(written['baggage']).toMatch(
    /^tenant\.id=acme,feature\.id=chat,budget\.policy\.id=pro,user\.id=late(,k\d+=v+)*$/,
  );
}

/** Both orders of start: the SDK first, or `waybill/register` first, which then has to be told. */
const orders = {
  'SDK before': { imports: [SDK, 'waybill/register'], env: {} },
  'SDK behind': { imports: ['waybill/register'], env: { WAYBILL_SDK: 'app' } },
} as const;

describe.concurrent.each(Object.entries(orders))(
  "register beside the application's own SDK, %s",
  (_, { imports, env }) => {
    it.each(['NodeSDK', 'NodeTracerProvider'])('adds attribution to %s, and nothing else', async (sdk) => {
      const { told, errors } = await run({ imports, env: { ...env, APP_SDK: sdk, OTEL_LOG_LEVEL: 'warn' } });
      expectAttribution(told);
      // The provider by itself does not read the level of the log.
      expect(errors.includes('Baggage is over 8192 bytes')).toBe(sdk === 'NodeSDK');
    });

    it('adds baggage to an SDK whose propagator has none, unless OTEL_PROPAGATORS says it may not', async () => {
      const bare = { ...env, APP_SDK_BAGGAGE: 'no' };
      expectAttribution((await run({ imports, env: bare })).told);
      const { told } = await run({ imports, env: { ...bare, OTEL_PROPAGATORS: 'tracecontext' } });
      expect(told.written['baggage']).toBeUndefined();
    });

    it('signs there too', async () => {
      const signing = { WAYBILL_SIGNING_KEY: 'k'.repeat(32), WAYBILL_SIGNING_KID: 'k-1' };
      const { told } = await run({ imports, env: { ...env, ...signing } });
      expect(Object.fromEntries(told.spans)['request']).toHaveProperty(['attribution.signature']);
      expect(told.written['baggage']).toContain('attribution.signature=');
    });
  },
);

describe.concurrent.each([
  ['22', 'SDK before', 'everywhere'],
  ['22', 'SDK behind', 'in the application only'],
  ['24', 'SDK before', 'in the application only'],
  ['24', 'SDK behind', 'everywhere'],
] as const)('with OpenTelemetry 3 on Node %s, %s', (version, order, where) => {
  const node = packagePath('node_modules', `node${version}`, 'bin', 'node');
  const { imports, env } = orders[order];
  it.skipIf(!existsSync(node))(`works, 3 being ${where}`, async () => {
    const { told } = await run({ node, imports: [OTEL3, ...imports], env: { ...env, OTEL3: where } });
    expectAttribution(told);
  });
});

it('says what to do where the SDK is started behind, and nobody said so', async () => {
  const { told, errors } = await run({ imports: ['waybill/register'], env: { OTEL_TRACES_EXPORTER: 'none' } });
  expect(told.spans).toEqual([]);
  expect(errors).toContain('Set WAYBILL_SDK=app');
});

it('says what to do where spans cannot be added to', async () => {
  const { imports } = orders['SDK before'];
  const { errors } = await run({ imports, env: { APP_SDK: 'other', WAYBILL_CARRIERS: 'portkey' } });
  expect(errors).toContain('Give the provider createAttributionSpanProcessor()');
  expect(errors).toContain('WAYBILL_CARRIERS has no effect');
});
