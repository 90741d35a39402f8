import type { CallReader } from '../../auditor/dialects/read-call.js';
import type { Attributes } from '../../schemas/span.js';
import { columnsOf } from '../store/row-writer.js';
import type { KnownKey } from './known-key.js';
import { keptText } from './known-key.js';
import { pairsOf } from './span-attributes.js';
import type { SpanReader } from './span-reader.js';

/** A kept attribute of a resource, and how it stands in the rows of its spans. */
export interface ResourceAttribute {
  readonly known: KnownKey;
  readonly columns: DataView;
}

/** What a resource says of its spans. */
export interface SpanResource {
  readonly service: string;
  readonly attributes: readonly ResourceAttribute[];
  /** The required attributes that it carries, as bits. */
  readonly carried: number;
}

/** What the spans of one scope have in common. */
export interface SpanScope {
  readonly resource: readonly ResourceAttribute[];
  readonly carried: number;
  /** The columns `service`, `scope_name` and `scope_version`. */
  readonly columns: DataView;
  readonly readCall: CallReader;
}

/** The name of a service that does not say its own, as the resource conventions have it. */
const UNKNOWN_SERVICE = 'unknown_service';

/**
 * Makes a resource ready for its spans.
 *
 * @param service empty where it does not say
 * @param kept its kept attributes
 */
export function spanResource(service: string, kept: Attributes, reader: SpanReader): SpanResource {
  const attributes = [...pairsOf(kept)].map(([key, value]) => {
    const known = reader.keyNamed(key);
    return {
      known,
      columns: columnsOf((row) => {
        row.string(key);
        row.string(keptText(known, value));
      }),
    };
  });
  return {
    service: service || UNKNOWN_SERVICE,
    attributes,
    carried: attributes.reduce((bits, { known }) => bits | known.requiredBit, 0),
  };
}

/** Makes a scope ready for its spans. */
export function spanScope(
  { service, attributes, carried }: SpanResource,
  scopeName: string,
  scopeVersion: string,
  reader: SpanReader,
): SpanScope {
  return {
    resource: attributes,
    carried,
    columns: columnsOf((row) => {
      row.string(service);
      row.string(scopeName);
      row.string(scopeVersion);
    }),
    readCall: reader.callReader(scopeName, scopeVersion),
  };
}
