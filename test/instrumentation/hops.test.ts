import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { hasRedis, NO_REDIS, startRedis } from '../support/redis.js';

const APP = packagePath('test', 'instrumentation', 'hops-app.mjs');
const REGISTER = ['--import', 'waybill/register'];

async function run(nodeArgs: readonly string[], args: readonly string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...nodeArgs, APP, ...args], {
    cwd: packagePath(),
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none', ...env },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new Error(`The application ended with ${child.exitCode}: ${errors}`);
  const seen: unknown = JSON.parse(output);
  return { seen, errors };
}

/** Brokers that are running, such as `amqp://127.0.0.1` and `127.0.0.1:9092`: no test starts one. */
const BROKERS = [
  { client: 'amqplib', variable: 'AMQP_URL', such: 'a RabbitMQ' },
  { client: 'kafkajs', variable: 'KAFKA_BROKER', such: 'a Kafka' },
].map((one) => ({ ...one, address: process.env[one.variable] ?? '' }));

const ACME = { tenant: 'acme', feature: 'chat', policy: 'pro' };

describe('under waybill/register attribution crosses a hop', () => {
  it('to a real Fastify and through all four kinds of gRPC calls, and without it none', async () => {
    const { seen, errors } = await run(REGISTER);
    expect(errors).toBe('');
    expect(seen).toEqual({
      fastify: {
        get: { ...ACME, user: 'u-1' },
        post: { ...ACME, user: 'u-1' },
        untrusted: { tenant: 'bound' },
      },
      grpc: { unary: ACME, down: [ACME], up: ACME, both: [ACME, ACME] },
    });
    expect((await run([])).seen).toEqual({
      fastify: { get: {}, post: {}, untrusted: {} },
      grpc: { unary: {}, down: [{}], up: {}, both: [{}, {}] },
    });
  });

  it.skipIf(!hasRedis)(`through BullMQ over a real Redis${hasRedis ? '' : ` (skipped: ${NO_REDIS})`}`, async () => {
    await using redis = await startRedis();
    const env = { REDIS_PORT: String(redis.port) };
    // No job has that of another one, of the one before it, or of whoever started the worker.
    const { seen, errors } = await run(REGISTER, ['bullmq'], env);
    expect(errors).toBe('');
    expect(seen).toEqual({ bullmq: { 'of acme': ACME, 'of nobody': {}, 'of globex': { tenant: 'globex' } } });
    expect((await run([], ['bullmq'], env)).seen).toEqual({
      bullmq: { 'of acme': {}, 'of nobody': {}, 'of globex': {} },
    });
  });

  for (const { client, variable, such, address } of BROKERS) {
    const skipped = address === '' ? ` (skipped: ${variable} names none, such as ${such} that you started)` : '';
    it.skipIf(address === '')(`through ${client} over a real broker${skipped}`, async () => {
      const env = { [variable]: address };
      const { seen, errors } = await run(REGISTER, [client], env);
      expect(errors).toBe('');
      expect(seen).toEqual({ [client]: { 'of acme': ACME, 'of nobody': {}, 'of globex': { tenant: 'globex' } } });
      expect((await run([], [client], env)).seen).toEqual({
        [client]: { 'of acme': {}, 'of nobody': {}, 'of globex': {} },
      });
    });
  }
});
