import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { callSpan, requestOf, text, toProtobuf } from '../collector/otlp/request.js';

/** What a process of senders is to send. */
export interface Flood {
  readonly url: string;
  readonly senders: number;
  readonly ms: number;
  /** Of each request; every one is a trace of its own. */
  readonly spans: number;
  /** Content of each span, which a receiver passes over. */
  readonly contentBytes: number;
  /** Every sender keeps the last byte of its request for so long, as one on a slow line does. */
  readonly holdMs: number;
  /** Of a sender that was refused. */
  readonly pauseMs: number;
}

/** What the senders were told. */
export interface FloodTally {
  /** Numbers of requests: those of a span id's first four bytes. */
  readonly acknowledged: readonly number[];
  /** Answers by status; 0: none came. */
  readonly answers: Readonly<Record<number, number>>;
  /** Refusals that did not say when to come again. */
  readonly rude: number;
  readonly requestBytes: number;
  readonly offeredBytes: number;
}

/** Makes requests that differ in their ids alone: to encode each anew would take longer than to receive it. */
function bodiesOf({ spans, contentBytes }: Flood): (number: number) => Buffer {
  const nowNs = String(BigInt(Date.now()) * 1_000_000n);
  const attributes = [text('tenant.id', 'acme'), text('gen_ai.input.messages', 'x'.repeat(contentBytes))];
  const span = { ...callSpan(attributes), startTimeUnixNano: nowNs, endTimeUnixNano: nowNs };
  const marked = Array.from({ length: spans }, (_, i) => {
    const id = (i + 1).toString(16).padStart(16, '0');
    return { ...span, traceId: `${'f'.repeat(16)}${id}`, spanId: `${'e'.repeat(8)}${id.slice(8)}` };
  });
  const template = toProtobuf(requestOf(marked, 'agent'));
  const spanIds = placesOf(template, Buffer.from('1208eeeeeeee', 'hex')).map((at) => at + 2);
  const traceIds = placesOf(template, Buffer.from('0a10ffffffffffffffff', 'hex')).map((at) => at + 2);
  return (number) => {
    const body = Buffer.from(template);
    for (const at of spanIds) body.writeUInt32BE(number, at);
    for (const at of traceIds) body.writeUInt32BE(number, at + 4);
    return body;
  };
}

function placesOf(bytes: Buffer, wanted: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + wanted.length)) places.push(at);
  return places;
}

/** Sends numbered requests from many senders at once, each again until it is acknowledged. */
async function sendFlood(flood: Flood): Promise<FloodTally> {
  const bodyOf = bodiesOf(flood);
  const requestBytes = bodyOf(0).length;
  const untilMs = performance.now() + flood.ms;
  const isOver = (): boolean => performance.now() > untilMs;
  const acknowledged: number[] = [];
  const answers: Record<number, number> = {};
  let [next, rude, tries] = [0, 0, 0];
  const agent = new Agent({ keepAlive: true });
  const sender = async (): Promise<void> => {
    while (!isOver()) {
      const number = (next += 1);
      const body = bodyOf(number);
      for (;;) {
        tries += 1;
        const { status, retryAfter } = await answerTo(flood, agent, body);
        answers[status] = (answers[status] ?? 0) + 1;
        if ((status === 429 || status === 503) && !(Number(retryAfter) > 0)) rude += 1;
        if (status === 200) {
          acknowledged.push(number);
          break;
        }
        if (isOver()) return;
        await sleep(flood.pauseMs);
      }
    }
  };
  await Promise.all(Array.from({ length: flood.senders }, sender));
  agent.destroy();
  return { acknowledged, answers, rude, requestBytes, offeredBytes: tries * requestBytes };
}

function answerTo(
  { url, holdMs }: Flood,
  agent: Agent,
  body: Buffer,
): Promise<{ status: number; retryAfter: string | undefined }> {
  return new Promise((done) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const sending = request(url, { method: 'POST', headers, agent }, (answer) => {
      answer.resume().once('close', () => {
        done({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] });
      });
    });
    // Also where the answer came before the end of the request, and the line was closed then.
    sending.on('error', () => done({ status: 0, retryAfter: undefined }));
    sending.write(body.subarray(0, -1), () => setTimeout(() => sending.end(body.subarray(-1)), holdMs));
  });
}

process.on('message', (flood: Flood) => {
  sendFlood(flood).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
