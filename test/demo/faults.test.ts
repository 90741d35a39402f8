import { join } from 'node:path';
import { pino } from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import { compileContract } from '../../auditor/contract.js';
import { loadContract } from '../../collector/contract/load.js';
import { startReceiver } from '../../collector/otlp/receiver.js';
import type { Call } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import { differences, expectedCalls, expectedFindings, merge } from './expectations.js';
import { packageRoot, startServices } from './services.js';
import { errands, send } from './traffic.js';

/** Enough for every way of asking a model, and every fault more than once. */
const REQUESTS = 10;

const perTenant = (): number => REQUESTS;

interface Run {
  readonly spans: readonly Span[];
  readonly calls: readonly Call[];
  readonly logs: readonly string[];
}

async function runDemo(): Promise<Run> {
  const contract = compileContract(await loadContract(join(packageRoot, 'test', 'demo', 'waybill.yaml')));
  const spans: Span[] = [];
  await using receiver = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    contract,
    sink: {
      write: async (more) => {
        spans.push(...more.spans);
      },
    },
    log: pino({ level: 'silent' }),
    clockUs: () => Date.now() * 1_000,
  });
  await using services = await startServices(`http://127.0.0.1:${receiver.port}`);
  await send(services.webUrl, errands(perTenant), 4);
  // What spans are not sent yet, the services send when they end.
  await services.stop();
  const traceIds = [...new Set(spans.map(({ traceId }) => traceId))];
  return {
    spans,
    calls: traceIds.flatMap(
      (id) =>
        auditTrace(
          spans.filter(({ traceId }) => traceId === id),
          contract,
        ).calls,
    ),
    logs: services.running.flatMap((one) => one.errorLines()),
  };
}

describe('the staged faults, over real HTTP through a real gateway', () => {
  let run: Run;
  beforeAll(async () => {
    run = await runDemo();
  });

  test('lead to the expected errors at the expected hops, and to no others', () => {
    const found = merge(
      run.calls.flatMap(({ findings }) =>
        findings
          .filter(({ severity }) => severity === 'error')
          .map(({ rule, attribute, hop }) => ({ rule, attribute, hop, calls: 1 })),
      ),
    );
    expect(differences(found, expectedFindings(perTenant))).toEqual([]);
    expect(run.calls).toHaveLength(expectedCalls(perTenant));
  });

  test('leave the clean tenants enforceable, with the usage of the application on the call of the gateway', () => {
    const clean = run.calls.filter(({ attributes }) => attributes['tenant']?.value === 'acme');
    expect(clean).toHaveLength(REQUESTS);
    for (const call of clean) {
      expect(call).toMatchObject({ verdict: 'enforceable', route: ['web', 'agent', 'gateway'], service: 'gateway' });
      expect(call.costUsd).not.toBeNull();
    }
    expect(new Set(clean.map(({ operation }) => operation))).toEqual(new Set(['chat', 'embeddings']));
  });

  test('show on the flags of server spans that their parent is remote, and on no other span', () => {
    const remote = run.spans.filter(({ flags }) => (flags & 0x300) === 0x300);
    expect(remote.length).toBeGreaterThan(0);
    expect(new Set(remote.map(({ kind }) => kind))).toEqual(new Set([2]));
  });

  test('tell the sender at once, in its own log', () => {
    expect(run.logs.some((line) => line.includes('tenant.id') && line.includes('Partial Success'))).toBe(true);
  });
});
