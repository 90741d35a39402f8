import { createRowWriter } from '../../collector/store/row-writer.js';
import { writeSpan } from '../../collector/store/spans.js';
import { decodeProtobuf } from '../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../collector/otlp/span-reader.js';
import { toProtobuf } from '../collector/otlp/request.js';
import { contract } from '../support/contract.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { benchRequests, REQUEST_SPANS } from './workload.js';

const REQUESTS = 24;

/** How fast decoded spans become the rows of an insert. */
export function benchRows(runs = 5): readonly Figure[] {
  const reader = createSpanReader(contract());
  const requests = benchRequests(REQUESTS, 3).map((request) => decodeProtobuf(toProtobuf(request), reader).spans);
  const rates: number[] = [];
  for (let run = 0; run < 2 * runs; run += 1) {
    const before = process.cpuUsage();
    let bytes = 0;
    for (const spans of requests) {
      const row = createRowWriter();
      for (const span of spans) writeSpan(row, span, 1_793_620_800_000_000);
      bytes += row.bytes().length;
    }
    const { user, system } = process.cpuUsage(before);
    if (bytes === 0) throw new Error('No row was written.');
    rates.push((REQUESTS * REQUEST_SPANS * 1_000_000) / (user + system));
  }
  // The first half of the runs are the compiler's.
  return [figure('spans to rows', 'spans/CPU s', rates.slice(runs))];
}
