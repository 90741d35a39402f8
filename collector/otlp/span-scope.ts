import type { CallReader } from '../../auditor/dialects/read-call.js';
import type { Attributes } from '../../schemas/span.js';
import { columnsOf } from '../store/row-writer.js';
import type { KnownKey } from './known-key.js';
import { keptText } from './known-key.js';
import { pairsOf } from './span-attributes.js';
import type { Sender } from './sender.js';
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
  /** What its sender may say, as it stands in the rows of its spans; null: everything. */
  readonly stamp: DataView | null;
  /** Why its spans are not taken; null: they are. */
  readonly refusal: string | null;
}

/** What the spans of one scope have in common. */
export interface SpanScope {
  readonly resource: readonly ResourceAttribute[];
  readonly carried: number;
  readonly stamp: DataView | null;
  readonly refusal: string | null;
  /** The columns `service`, `scope_name` and `scope_version`. */
  readonly columns: DataView;
  readonly readCall: CallReader;
}

/** The name of a service that does not say its own, as the resource conventions have it. */
const UNKNOWN_SERVICE = 'unknown_service';

/**
 * Makes a resource ready for its spans.
 *
 * @param said the service that it names; empty where it does not say
 * @param kept its kept attributes
 */
export function spanResource(said: string, kept: Attributes, reader: SpanReader, sender: Sender): SpanResource {
  const service = said || UNKNOWN_SERVICE;
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
    service,
    attributes,
    carried: attributes.reduce((bits, { known }) => bits | known.bits, 0),
    stamp: sender.stamp,
    refusal: sender.maySpeakFor(service)
      ? null
      : `key may not speak for service '${service.slice(0, 60).replaceAll(/\p{Cc}/gu, ' ')}'`,
  };
}

/** Makes a scope ready for its spans. */
export function spanScope(
  { service, attributes, carried, stamp, refusal }: SpanResource,
  scopeName: string,
  scopeVersion: string,
  reader: SpanReader,
): SpanScope {
  return {
    resource: attributes,
    carried,
    stamp,
    refusal,
    columns: columnsOf((row) => {
      row.string(service);
      row.string(scopeName);
      row.string(scopeVersion);
    }),
    readCall: reader.callReader(scopeName, scopeVersion),
  };
}
