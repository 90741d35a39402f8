import type { SpanRows } from '../../collector/store/span-rows.js';
import { spanRows } from '../../collector/store/span-rows.js';
import { createRowWriter } from '../../collector/store/row-writer.js';
import type { SpanWriter, SpanWriterOptions } from '../../collector/store/span-writer.js';
import { startSpanWriter } from '../../collector/store/span-writer.js';
import { writeSpan } from '../../collector/store/spans.js';
import type { Span } from '../../schemas/span.js';

/** The rows of spans. */
export function rowsOf(spans: readonly Span[]): SpanRows {
  const row = createRowWriter();
  const starts: number[] = [];
  for (const span of spans) {
    starts.push(row.size());
    writeSpan(row, span, 0);
  }
  return spanRows(Uint8Array.from(row.bytes()), starts);
}

/** A span writer that takes spans as tests build them. */
export interface TestSpanWriter extends Omit<SpanWriter, 'write'> {
  readonly write: (spans: readonly Span[]) => Promise<void>;
}

/** Starts one. */
export function startTestWriter(options: SpanWriterOptions): TestSpanWriter {
  const writer = startSpanWriter(options);
  return { ...writer, write: async (spans) => writer.write(rowsOf(spans)) };
}
