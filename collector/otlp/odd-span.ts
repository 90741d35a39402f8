import type { KnownKey } from './known-key.js';
import { MAX_KEPT_ATTRIBUTES, readKeyValue, readValue, TAG, takeText } from './scan-attributes.js';
import type { SpanScan } from './scan-span.js';
import { readField } from './scan-span.js';
import { clearAttributes, MAX_READ_ATTRIBUTES } from './span-attributes.js';
import { beginRow, clearRawSpan } from './span-row.js';
import type { ResourceAttribute, SpanScope } from './span-scope.js';
import { enter, readTag } from './wire.js';

interface Attribute {
  readonly known: KnownKey;
  readonly text: string;
}

/**
 * Does what `scanSpan` does for a span that is written as hardly anyone writes it, and so is read whole before any of it
 * is written: a key comes twice, of which the last value counts, as in a map; its fields come in another order; or it
 * has more attributes than can be kept.
 *
 * @returns the scope, with no more attributes of the resource than can be kept beside the span's own
 */
export function readOddSpan(scan: SpanScan, scope: SpanScope, end: number): SpanScope {
  const { wire, raw, reader } = scan;
  const own = new Map<string, Attribute>();
  clearRawSpan(raw);
  clearAttributes(reader.attributes, MAX_KEPT_ATTRIBUTES);
  scan.last = reader.keys.first;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === TAG.attribute) gather(scan, enter(wire, end), own);
    else readField(scan, tag, end);
  }
  beginRow(wire, raw, scope, reader);
  for (const { known, text } of own.values()) if (known.use === 'read') takeText(reader, known, text);
  const wanted = wantedOf(own, scope.resource);
  const kept = wanted.slice(0, MAX_KEPT_ATTRIBUTES);
  reader.attributes.leftOut += wanted.length - kept.length;
  for (const one of kept) if ('text' in one) takeText(reader, one.known, one.text);
  return { ...scope, resource: kept.filter((one) => 'columns' in one) };
}

function gather(scan: SpanScan, end: number, own: Map<string, Attribute>): void {
  const known = readKeyValue(scan, end);
  if (known.use === 'skip') return;
  const text = readValue(scan, known);
  if (own.size < MAX_READ_ATTRIBUTES || known.isNeeded || own.has(known.key)) own.set(known.key, { known, text });
  else if (known.use === 'keep') scan.reader.attributes.leftOut += 1;
}

/**
 * What is to be kept, of which there may be more than can be: the contract's keys come first, so that a flood of others cannot
 * push them out, and the span's own before those of its resource.
 */
function wantedOf(
  own: ReadonlyMap<string, Attribute>,
  resource: readonly ResourceAttribute[],
): (Attribute | ResourceAttribute)[] {
  const all = [
    ...[...own.values()].filter(({ known }) => known.use === 'keep'),
    ...resource.filter(({ known }) => !own.has(known.key)),
  ];
  return [...all.filter(isOfContract), ...all.filter((one) => !isOfContract(one))];
}

function isOfContract({ known }: { readonly known: KnownKey }): boolean {
  return known.isContractKey;
}
