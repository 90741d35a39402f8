import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import type { ExportResult } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import express from 'express';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApi } from '../../collector/api/start-api.js';
import { startGrpcReceiver } from '../../collector/otlp/grpc-receiver.js';
import type { Certificate } from '../../collector/tls.js';
import { watchCertificate } from '../../collector/tls.js';
import { createMetrics } from '../../collector/watch/metrics.js';
import type { Authority, Pem } from '../support/certificates.js';
import { createAuthority } from '../support/certificates.js';
import { good, PROTOBUF, receive } from './otlp/send.js';

let authority: Authority;
let first: Pem;
let second: Pem;
let client: Pem;
let stranger: Pem;
beforeAll(async () => {
  authority = await createAuthority('ours');
  const elsewhere = await createAuthority('theirs');
  [first, second, client, stranger] = await Promise.all([
    authority.issue('first'),
    authority.issue('second'),
    authority.issue('client'),
    elsewhere.issue('stranger'),
  ]);
});

const log = pino({ level: 'silent' });
let directory: string;
let certificate: Certificate;
const ended: AsyncDisposable[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  await writeFile(join(directory, 'ca.pem'), authority.ca);
  await put(first);
});
afterEach(async () => {
  for (const one of ended.splice(0)) await one[Symbol.asyncDispose]();
  certificate[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
});

const file = (name: string): string => join(directory, name);

/** Puts a certificate in place as renewals do: each file at once, one after the other. */
async function put({ cert, key }: Pem): Promise<void> {
  for (const [name, text] of [
    ['key.pem', key],
    ['cert.pem', cert],
  ] as const) {
    await writeFile(file(`${name}.new`), text);
    await rename(file(`${name}.new`), file(name));
  }
}

/** Every way in, each with the same certificate. */
async function startAll(
  clientCa: string | null,
): Promise<{ otlp: number; grpc: number; api: number; stored: unknown[] }> {
  certificate = watchCertificate({ cert: file('cert.pem'), key: file('key.pem'), clientCa }, log, 20);
  const metrics = createMetrics();
  const { receiver, stored } = await receive({ certificate, metrics });
  const grpc = await startGrpcReceiver({
    host: '127.0.0.1',
    port: 0,
    intake: receiver.intake,
    log,
    metrics,
    certificate,
  });
  const api = await startApi(
    express().use((_request, response) => void response.send('hello')),
    '127.0.0.1',
    0,
    certificate,
  );
  ended.push(api, grpc, receiver);
  return { otlp: receiver.port, grpc: grpc.port, api: api.port, stored };
}

/** Whose certificate a server shows, and whether it talks to one who shows this. */
function greet(port: number, shown: Partial<Pem> = {}): Promise<string> {
  return new Promise((done, fail) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/v1/traces',
        ca: authority.ca,
        agent: false,
        headers: PROTOBUF,
        ...shown,
      },
      (response) => {
        const { socket } = response;
        const subject = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : '';
        response.resume().on('end', () => done(`${String(subject)} ${response.statusCode}`));
      },
    );
    asked.on('error', fail).end(good());
  });
}

/** The subject of the certificate at a port, whatever is spoken there. */
async function subjectAt(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.ca, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** What an exporter's error says; empty: it was served. */
async function exportOverGrpc(port: number, shown: Partial<Pem>): Promise<string> {
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const exporter = new GrpcExporter({
    url: `https://127.0.0.1:${port}`,
    credentials: credentials.createSsl(Buffer.from(authority.ca), pem(shown.key), pem(shown.cert)),
    timeoutMillis: 3_000,
  });
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] });
  provider.getTracer('test').startSpan('work').end();
  const { error } = await new Promise<ExportResult>((done) => exporter.export(memory.getFinishedSpans(), done));
  await exporter.shutdown();
  return error?.message ?? '';
}

describe('over TLS', () => {
  it('HTTP, gRPC and the API are served, and nothing in the clear', async () => {
    const { otlp, grpc, api, stored } = await startAll(null);
    expect(await greet(otlp)).toBe('first 200');
    expect(await greet(api)).toBe('first 200');
    expect(await exportOverGrpc(grpc, {})).toBe('');
    expect(stored).toHaveLength(2);
    await expect(fetch(`http://127.0.0.1:${otlp}/v1/traces`, { method: 'POST' })).rejects.toThrow();
  });

  it('a changed certificate is shown from then on, without a restart', async () => {
    const { otlp, grpc, api } = await startAll(null);
    await put(second);
    for (const port of [otlp, api, grpc]) await expect.poll(() => subjectAt(port), { timeout: 5_000 }).toBe('second');
  });

  it('one that does not fit its key changes nothing, until it does', async () => {
    const { otlp } = await startAll(null);
    await writeFile(file('key.pem'), second.key);
    await new Promise((done) => setTimeout(done, 100));
    expect(await subjectAt(otlp)).toBe('first');
    await writeFile(file('cert.pem'), second.cert);
    await expect.poll(() => subjectAt(otlp), { timeout: 5_000 }).toBe('second');
  });

  it('only clients of the authority that was named are served, where one was', async () => {
    const { otlp, grpc, api, stored } = await startAll(file('ca.pem'));
    expect(await greet(otlp, client)).toBe('first 200');
    expect(await greet(api, client)).toBe('first 200');
    expect(await exportOverGrpc(grpc, client)).toBe('');
    expect(stored).toHaveLength(2);
    for (const port of [otlp, api]) {
      await expect(greet(port)).rejects.toThrow();
      await expect(greet(port, stranger)).rejects.toThrow();
    }
    expect(await exportOverGrpc(grpc, stranger)).not.toBe('');
    expect(await exportOverGrpc(grpc, {})).not.toBe('');
    expect(stored).toHaveLength(2);
  });

  it('files that cannot be used are named at the start', async () => {
    certificate = watchCertificate({ cert: file('cert.pem'), key: file('key.pem'), clientCa: null }, log);
    for (const [cert, key] of [
      ['cert.pem', 'nothing.pem'],
      ['ca.pem', 'key.pem'],
      ['key.pem', 'key.pem'],
    ] as const) {
      expect(() => watchCertificate({ cert: file(cert), key: file(key), clientCa: null }, log)).toThrow(
        /^TLS cannot be served with .*Give PEM files that fit each other/,
      );
    }
  });
});
