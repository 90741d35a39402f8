import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonSpan } from '../collector/otlp/request.js';
import { requestOf, toProtobuf } from '../collector/otlp/request.js';

/** A number that stands in a template, to be put in place of. */
const MARK = '@'.repeat(12);

/**
 * Makes requests that differ in their numbers alone, since to encode each anew would take longer than to receive it.
 * Wherever a text holds `@@@@@@@@@@@@`, and for every id, each request has a number that no other has.
 *
 * @param traceId null: every span is a trace of its own
 */
export function floodOf(span: JsonSpan, spans: number, traceId: string | null): (request: number) => Buffer {
  const marked = Array.from({ length: spans }, (_, i): JsonSpan => {
    const id = (i + 1).toString(16).padStart(16, '0');
    return { ...span, traceId: traceId ?? `${'f'.repeat(16)}${id}`, spanId: `${'e'.repeat(8)}${id.slice(8)}` };
  });
  const template = toProtobuf(requestOf(marked, 'service-@@@@@@@@@@@@'));
  const numbers = placesOf(template, Buffer.from(MARK));
  const spanIds = placesOf(template, Buffer.from('1208eeeeeeee', 'hex')).map((at) => at + 2);
  const traceIds = placesOf(template, Buffer.from('0a10ffffffffffffffff', 'hex')).map((at) => at + 2);
  return (request) => {
    const body = Buffer.from(template);
    for (const at of spanIds) body.writeUInt32BE(request, at);
    for (const at of traceIds) body.writeUInt32BE(request, at + 4);
    for (const [i, at] of numbers.entries()) {
      body.write(String(request * numbers.length + i).padStart(12, '0'), at, 'latin1');
    }
    return body;
  };
}

function placesOf(bytes: Buffer, wanted: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + wanted.length)) places.push(at);
  return places;
}

/** What senders of a flood were told. */
export interface FloodTally {
  readonly acknowledged: Set<number>;
  /** Answers by status; 0: none came. */
  readonly answers: Map<number, number>;
  /** Refusals that did not say when to come again. */
  rude: number;
  offeredBytes: number;
}

/**
 * Sends numbered requests from many senders at once, each again until it is acknowledged.
 *
 * @param isOver whether no request is begun any more
 * @param pauseMs of a sender that was refused
 */
export async function sendFlood(
  url: string,
  bodyOf: (request: number) => Buffer,
  { senders, isOver, pauseMs }: { senders: number; isOver: (next: number) => boolean; pauseMs: number },
): Promise<FloodTally> {
  const tally: FloodTally = { acknowledged: new Set(), answers: new Map(), rude: 0, offeredBytes: 0 };
  let next = 0;
  const sender = async (): Promise<void> => {
    while (!isOver(next)) {
      const request = (next += 1);
      const body = new Uint8Array(bodyOf(request));
      while (!(await isTaken(url, body, tally))) {
        if (isOver(request)) return;
        await sleep(pauseMs);
      }
      tally.acknowledged.add(request);
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return tally;
}

async function isTaken(url: string, body: Uint8Array<ArrayBuffer>, tally: FloodTally): Promise<boolean> {
  const headers = { 'content-type': 'application/x-protobuf' };
  tally.offeredBytes += body.length;
  const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => null);
  await answer?.arrayBuffer().catch(() => undefined);
  const status = answer?.status ?? 0;
  tally.answers.set(status, (tally.answers.get(status) ?? 0) + 1);
  if ((status === 429 || status === 503) && !(Number(answer?.headers.get('retry-after')) > 0)) tally.rude += 1;
  return status === 200;
}
