import type { CompiledContract } from '../../auditor/contract.js';
import type { Caller } from '../keys/key-ring.js';
import type { UserHasher } from '../privacy/hash-users.js';
import type { SpanRows } from '../store/span-rows.js';
import type { Metrics, Transport } from '../watch/metrics.js';
import type { OwnTraces } from '../watch/own-traces.js';
import type { AsReceived } from './as-received.js';
import type { ByteShare } from './byte-budget.js';
import { createByteBudget } from './byte-budget.js';
import { createHints } from './hints.js';
import { decodeJson } from './json.js';
import { decodeProtobuf } from './protobuf.js';
import type { Encoding } from './response.js';
import { senderOf } from './sender.js';
import { createSpanReader } from './span-reader.js';

export interface IntakeOptions {
  readonly contract: CompiledContract;
  /**
   * Takes the spans; resolves when they are durable, rejects with `StoreUnavailable` when they are not. Either way it
   * has done with their rows then: they are released.
   */
  readonly sink: { readonly write: (rows: SpanRows) => Promise<void> };
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly metrics: Metrics;
  /** Left out: what is taken is in no traces of our own. */
  readonly traces?: OwnTraces | null;
  /** Left out: users are stored as they are named. */
  readonly users?: UserHasher | null;
  /** Bytes of all bodies, packed and unpacked, and of the rows made of them, that may be in work at once. */
  readonly maxBytesInFlight?: number;
}

/** What became of a request that was taken. */
export interface Taken {
  /** Spans that are durable. */
  readonly accepted: number;
  readonly rejected: number;
  /** What its sender should know; empty: nothing. */
  readonly message: string;
}

/** What every way in has in common, once a body is there: bytes to rows to the sink. */
export interface Intake {
  /** Opens a request's share of the memory that all of them have together. */
  readonly open: () => ByteShare;
  /**
   * Resolves when the spans are durable.
   *
   * @param body is read before this returns: afterwards its memory may serve another
   * @param received the same as it came, for whoever passes it on; left out: it is the body
   * @throws MalformedRequest, TooManySpans, StoreUnavailable
   */
  readonly take: (
    body: Buffer,
    encoding: Encoding,
    transport: Transport,
    caller: Caller,
    share: ByteShare,
    received?: AsReceived,
  ) => Promise<Taken>;
}

const MIB = 1024 ** 2;

/** A span takes a few hundred bytes in memory, and may take thirty in a request. */
const MAX_SPANS = 200_000;

/** Creates the one intake that the receivers share. */
export function createIntake(options: IntakeOptions): Intake {
  const { contract, sink, clockUs, metrics, users = null, traces = null, maxBytesInFlight = 128 * MIB } = options;
  const reader = createSpanReader(contract, { maxSpans: MAX_SPANS });
  const hint = createHints(contract, clockUs);
  const budget = createByteBudget(maxBytesInFlight);
  metrics.watchBytesInFlight(budget.heldBytes);
  metrics.watchLeftOut(() => ({ attributes: reader.attributes.leftOut, forgotten: reader.keys.forgotten() }));
  const intake: Intake = {
    open: budget.open,
    take: async (body, encoding, transport, caller, share) => {
      const decode = encoding === 'json' ? decodeJson : decodeProtobuf;
      const { rows: said, rejected, rejectedReason, lacking } = decode(body, reader, senderOf(caller));
      const rows = users === null ? said : users.inRows(said);
      const taken = rows.starts.length;
      share.holdOnly(rows.bytes.byteLength);
      metrics.received(transport, taken + rejected);
      metrics.rejected(transport, rejected);
      try {
        await sink.write(rows);
      } finally {
        rows.release();
      }
      metrics.acknowledged(transport, taken);
      return {
        accepted: taken,
        rejected,
        message: rejected > 0 ? `${rejected} spans were rejected; of the first, the ${rejectedReason}.` : hint(lacking),
      };
    },
  };
  if (traces === null) return intake;
  return {
    ...intake,
    take: (body, encoding, transport, caller, share) =>
      traces.within(`receive ${transport}`, { 'waybill.encoding': encoding, 'waybill.bytes': body.length }, () =>
        intake.take(body, encoding, transport, caller, share),
      ),
  };
}
