import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { get, isMethod, isObject } from './unknown-value.js';

/** How long `process.exit()` is held up at most. */
const LIMIT_MS = 2_000;

/** Says that there is no more to wait for, whatever came of it. */
const SENDER = `
  const { workerData: { done, url, options, body } } = require('node:worker_threads');
  const { request } = require(url.startsWith('https:') ? 'node:https' : 'node:http');
  const finish = () => { Atomics.store(done, 0, 1); Atomics.notify(done, 0); };
  const sent = request(url, options, (answer) => answer.resume().once('close', finish));
  sent.once('error', finish).end(body);`;

/** An exporter that can also send at once, while everything else stands still. */
export interface LastingExporter {
  readonly exporter: SpanExporter;
  /** To be called when `http` is instrumented: loaded by the exporter before, it would be instrumented twice. */
  readonly prepare: () => Promise<void>;
  /**
   * Sends, from the event `exit` of a process, what is under way and what waits in the processor of batches. Never throws.
   */
  readonly sendAtOnce: (batches: object) => void;
}

/**
 * Makes an OTLP exporter able to send when nothing can be waited for any more: behind `process.exit()`, or an exception
 * that nobody caught. Node then runs no more of the application, but a thread beside it can still send, and the
 * application waits for that. What is under way may so be sent twice, which a receiver tells by its span ids.
 *
 * The names of the exporter's parts are those of 0.223, and of the processor's those of 2.12; where a version has others, nothing is sent then.
 */
export function lasting(exporter: Required<SpanExporter>): LastingExporter {
  const underWay = new Set<readonly ReadableSpan[]>();
  let target: Target | null = null;
  return {
    exporter: {
      export(spans, done) {
        underWay.add(spans);
        exporter.export(spans, (result) => {
          underWay.delete(spans);
          done(result);
        });
      },
      forceFlush: () => exporter.forceFlush(),
      shutdown: () => exporter.shutdown(),
    },
    async prepare() {
      target = await targetOf(exporter);
    },
    sendAtOnce(batches) {
      if (target === null) return;
      try {
        // A flush would first wait for what is still asked about the machine.
        const waiting: unknown = get(batches, '_finishedSpans');
        const spans: unknown[] = [...underWay, ...(Array.isArray(waiting) ? [waiting] : [])].flat();
        if (spans.length > 0) sendAndWait(target, target.serialize(spans));
      } catch {
        // Threads may be forbidden (`node --permission`), and nobody is left to be told.
      }
    },
  };
}

interface Target {
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly isGzip: boolean;
  readonly serialize: (spans: readonly unknown[]) => unknown;
}

/** Where and how an exporter sends, asked beforehand: its headers and certificates come by promises. */
async function targetOf(exporter: object): Promise<Target | null> {
  const parameters = get(exporter, '_delegate', '_transport', '_transport', '_parameters');
  const [url, headersOf, agentOf] = ['url', 'headers', 'agentFactory'].map((name) => get(parameters, name));
  const serializer = get(exporter, '_delegate', '_serializer');
  const serialize = get(serializer, 'serializeRequest');
  if (typeof url !== 'string' || !URL.canParse(url)) return null;
  if (!isMethod(headersOf) || !isMethod(agentOf) || !isMethod(serialize)) return null;
  const headers = await headersOf.call(parameters);
  const tls: unknown = get(await agentOf.call(parameters, new URL(url).protocol), 'options');
  const isGzip = get(parameters, 'compression') === 'gzip';
  return {
    url,
    isGzip,
    options: {
      method: 'POST',
      headers: { ...(isObject(headers) ? headers : {}), ...(isGzip ? { 'content-encoding': 'gzip' } : {}) },
      ca: get(tls, 'ca'),
      cert: get(tls, 'cert'),
      key: get(tls, 'key'),
    },
    serialize: (spans) => serialize.call(serializer, spans),
  };
}

function sendAndWait({ url, options, isGzip }: Target, bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) return;
  const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData = { done, url, options, body: isGzip ? gzipSync(bytes) : bytes };
  // Without the arguments of the application, `--import waybill/register` among them.
  const sender = new Worker(SENDER, { eval: true, execArgv: [], workerData });
  sender.once('error', () => undefined);
  Atomics.wait(done, 0, 0, LIMIT_MS);
}
