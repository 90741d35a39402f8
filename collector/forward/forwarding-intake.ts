import { Buffer } from 'node:buffer';
import type { AsReceived } from '../otlp/as-received.js';
import type { Intake, IntakeOptions, Taken } from '../otlp/intake.js';
import { createIntake } from '../otlp/intake.js';
import { CONTENT_TYPES } from '../otlp/response.js';
import type { Forwarder } from './forwarder.js';
import type { Said } from './read-answer.js';

/**
 * An intake that passes on what it has stored. In this order, since a request that is stored twice changes no sum, and
 * who comes next may not be as patient. What is not even OTLP is not passed on.
 *
 * The bytes of a request count as in work until downstream has answered: a slow one makes senders wait, and then be
 * told to come back, as a slow database does.
 */
export function createForwardingIntake(options: IntakeOptions, forwarder: Forwarder): Intake {
  const { metrics } = options;
  // Said to be durable is a request only when it is passed on, too.
  const intake = createIntake({ ...options, metrics: { ...metrics, acknowledged: () => {} } });
  return {
    open: intake.open,
    take: async (body, encoding, transport, caller, share, received) => {
      const kept = keptOf(received ?? { bytes: body, contentType: CONTENT_TYPES[encoding] });
      forwarder.refuseLoop(kept);
      const size = kept.bytes.length;
      const taken = await intake.take(body, encoding, transport, caller, {
        ...share,
        holdOnly: (bytes) => share.holdOnly(bytes + size),
      });
      share.holdOnly(size);
      const said = await forwarder.pass(kept);
      metrics.acknowledged(transport, taken.accepted);
      return bothOf(taken, said);
    },
  };
}

/** A copy: the memory of a body serves the next request as soon as this one is decoded. */
function keptOf({
  bytes,
  contentType,
  contentEncoding,
  via,
}: Partial<AsReceived> & Pick<AsReceived, 'bytes' | 'contentType'>): AsReceived {
  return { bytes: Buffer.from(bytes), contentType, contentEncoding: contentEncoding ?? null, via };
}

/** Which spans either of them rejected is not known: at least as many as the one that rejected more. */
function bothOf(taken: Taken, said: Said): Taken {
  return {
    ...taken,
    rejected: Math.max(taken.rejected, said.rejected),
    message: [taken.message, said.message].filter((one) => one !== '').join(' '),
  };
}
