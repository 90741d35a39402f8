import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { callSpan, requestOf, toProtobuf } from '../collector/otlp/request.js';
import { startDownstream } from '../support/downstream.js';
import { freePort } from '../support/free-port.js';
import { logsIn, pointsIn } from '../support/otlp-results.js';
import { startWaybill } from '../support/waybill.js';
import { kill } from './kill.js';
import { builtCollector } from './start-collector.js';

const program = builtCollector('queue');

it.skipIf(program === null)('findings, score and spend are OTLP to a real Collector, which hands them on', async () => {
  await using backend = await startDownstream();
  const directory = await mkdtemp(join(tmpdir(), 'waybill-export-'));
  const port = await freePort();
  const pipeline = { receivers: ['otlp'], exporters: ['otlp_http'] };
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { otlp_http: { endpoint: backend.url.origin, compression: 'none' } },
    service: { pipelines: { logs: pipeline, metrics: pipeline }, telemetry: { metrics: { level: 'none' } } },
  };
  await writeFile(join(directory, 'config.yaml'), stringify(config));
  await writeFile(join(directory, 'waybill.yaml'), stringify({ export: { every: '2s' } }));
  const collector = spawn(program ?? '', ['--config', join(directory, 'config.yaml')], { stdio: 'ignore' });
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}`).then(
      () => true,
      () => false,
    );
  try {
    await expect.poll(isUp, { timeout: 20_000 }).toBe(true);
    await using running = await startWaybill(['--contract', join(directory, 'waybill.yaml')], process.execPath, {
      WAYBILL_EXPORT_ENDPOINT: `http://127.0.0.1:${port}`,
    });
    const startNs = `${Date.now() - 1_000}000000`;
    const span = { ...callSpan([], 7), startTimeUnixNano: startNs, endTimeUnixNano: startNs };
    const body = new Uint8Array(toProtobuf(requestOf([span])));
    const headers = { 'content-type': 'application/x-protobuf' };
    expect((await fetch(`${running.otlpUrl}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200);
    const bodies = (path: string): Buffer[] =>
      backend.arrived.filter((one) => one.path === path).map((one) => one.body);
    await expect.poll(() => bodies('/v1/logs').flatMap(logsIn), { timeout: 30_000 }).not.toEqual([]);
    for (const { traceId, eventName } of bodies('/v1/logs').flatMap(logsIn)) {
      expect({ traceId, eventName }).toEqual({ traceId: span.traceId, eventName: 'attribution.finding' });
    }
    const spent = () =>
      bodies('/v1/metrics')
        .flatMap(pointsIn)
        .filter(({ name, value }) => name === 'attribution.spend' && value > 0);
    await expect.poll(spent, { timeout: 30_000 }).not.toEqual([]);
    expect(spent()[0]).toMatchObject({ value: 0.0035, attributes: { 'attribution.verdict': 'unattributed' } });
  } finally {
    await kill(collector);
    await rm(directory, { recursive: true });
  }
});
