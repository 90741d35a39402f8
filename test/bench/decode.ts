import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeProtobuf } from '../../collector/otlp/protobuf.js';
import type { SpanReader } from '../../collector/otlp/span-reader.js';
import { createSpanReader } from '../../collector/otlp/span-reader.js';
import { requestType, toProtobuf } from '../collector/otlp/request.js';
import { contract } from '../support/contract.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { benchRequests, REQUEST_SPANS } from './workload.js';

const REQUESTS = 24;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/**
 * How fast protobuf becomes rows that can be inserted, beside protobufjs, which only makes its message objects of the same bytes.
 * They take turns, so that whatever else the machine does slows both alike: the ratio is the figure that holds.
 */
export function benchDecode(runs = 10): readonly Figure[] {
  const bodies = benchRequests(REQUESTS, 1).map(toProtobuf);
  const reader = createSpanReader(contract());
  const ours: number[] = [];
  const theirs: number[] = [];
  // Twice as many runs as are counted: the first ones are the compiler's.
  for (let run = 0; run < 2 * runs; run += 1) {
    ours.push(rateOf(() => bodies.reduce((sum, body) => sum + decoded(body, reader), 0)));
    theirs.push(rateOf(() => bodies.reduce((sum, body) => sum + spansIn(requestType.decode(body)), 0)));
  }
  const ratios = ours.map((rate, i) => rate / (theirs[i] ?? Number.NaN));
  return [
    figure('decode of protobuf to rows', 'spans/CPU s', ours.slice(runs)),
    figure('protobufjs, messages only', 'spans/CPU s', theirs.slice(runs)),
    figure('decode against protobufjs', 'times as fast', ratios.slice(runs)),
  ];
}

/** Makes rows and gives up their memory, as the receiver does when they are inserted. */
function decoded(body: Buffer, reader: SpanReader): number {
  const { rows } = decodeProtobuf(body, reader);
  rows.release();
  return rows.starts.length;
}

/** Spans a CPU second, so that other processes matter less. @throws Error where not every span came out */
function rateOf(decode: () => number): number {
  // Neither pays for what the other threw away.
  collectGarbage();
  const before = process.cpuUsage();
  const spans = decode();
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1_000_000;
  if (spans !== REQUESTS * REQUEST_SPANS) throw new Error(`${spans} spans came out.`);
  return spans / seconds;
}

function spansIn(message: object): number {
  return list(message, 'resourceSpans')
    .flatMap((one) => list(one, 'scopeSpans'))
    .reduce((sum, one) => sum + list(one, 'spans').length, 0);
}

function list(message: object, field: string): readonly object[] {
  const value: unknown = Object.getOwnPropertyDescriptor(message, field)?.value;
  return Array.isArray(value) ? value : [];
}
